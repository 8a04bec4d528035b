#include "test/harness.h"

#include <math.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* The core: random numbers, exact mathematics, the team of threads, the choice of the ISA. Here libm is the reference.
 */

enum { SAMPLES = 20000 };

/* --- random.c --- */

static void test_philox(void)
{
    /* Random123's kat_vectors, philox4x32 with 10 rounds. */
    static const struct {
        uint64_t seed, minor;
        uint32_t major, purpose, want[4];
    } vectors[] = {{0, 0, 0, 0, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
                   {UINT64_MAX, UINT64_MAX, UINT32_MAX, UINT32_MAX, {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
                   {0x299f31d0a4093822,
                    0x85a308d3243f6a88,
                    0x13198a2e,
                    0x03707344,
                    {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}}};
    check_begin(CB_ISA_SCALAR, "Philox4x32-10 known answers");
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
        uint32_t bits[4];
        cb_random_bits(vectors[i].seed, (enum cb_random_purpose)vectors[i].purpose, vectors[i].major, vectors[i].minor,
                       bits);
        check_at("vector %zu", i);
        check_equal_bytes("bits", bits, vectors[i].want, sizeof bits);
    }
    check_end();

    check_begin(CB_ISA_SCALAR, "uniform numbers are in [0, 1)");
    check_true(cb_random_unit(0) == 0 && cb_random_unit(UINT32_MAX) == 0x1.fffffep-1f, "got %a .. %a",
               (double)cb_random_unit(0), (double)cb_random_unit(UINT32_MAX));
    check_end();
}

/* --- math.c --- */

static double random_double(uint64_t seed, uint64_t i, double low, double high)
{
    return low + (high - low) * ((double)(check_random(seed, i) >> 11) * 0x1p-53);
}

/* Distance in units of the last place of the exact value; below the normal range the unit is the smallest denormal. */
static double ulps(double got, long double exact)
{
    int exponent;
    frexpl(exact, &exponent);
    if (exponent < -1021) exponent = -1021;
    return (double)fabsl(((long double)got - exact) / ldexpl(1, exponent - 53));
}

static void test_exp_log(void)
{
    check_begin(CB_ISA_SCALAR, "cb_exp within 4 ulp");
    for (uint64_t i = 0; i < SAMPLES; i++) {
        double x = i % 2 ? random_double(1, i, -745.1, 709.7) : random_double(2, i, -2, 2);
        check_at("x = %a", x);
        check_near1("ulps", ulps(cb_exp(x), expl((long double)x)), 0, 4);
    }
    static const double edges[] = {0,      -0.0,    0x1p-1074, -0x1p-60, 709.782712893383973,
                                   709.79, -745.13, -745.14,   -708.4,   -710};
    for (size_t i = 0; i < sizeof edges / sizeof *edges; i++) {
        check_at("x = %a", edges[i]);
        double got = cb_exp(edges[i]), want = exp(edges[i]);
        check_true(got == want || ulps(got, (long double)want) <= 4, "expected %a, got %a", want, got);
    }
    check_true(cb_exp(-INFINITY) == 0 && isinf(cb_exp(INFINITY)) && isnan(cb_exp(NAN)) && cb_exp(0) == 1,
               "special values");
    check_end();

    check_begin(CB_ISA_SCALAR, "cb_log within 4 ulp");
    for (uint64_t i = 0; i < SAMPLES; i++) {
        double x = i % 2 ? random_double(3, i, 0.5, 2)
                         : ldexp(random_double(4, i, 1, 2), (int)(check_random(5, i) % 2098) - 1074);
        check_at("x = %a", x);
        check_near1("ulps", ulps(cb_log(x), logl((long double)x)), 0, 4);
    }
    check_true(cb_log(0) == -INFINITY && cb_log(-0.0) == -INFINITY && isinf(cb_log(INFINITY)) && isnan(cb_log(-1)) &&
                   isnan(cb_log(NAN)) && cb_log(1) == 0,
               "special values");
    check_end();
}

static void test_quantile(void)
{
    check_begin(CB_ISA_SCALAR, "cb_normal_quantile inverts the normal distribution");
    for (uint64_t i = 0; i < SAMPLES; i++) {
        double p = i % 2 ? random_double(6, i, 0, 1) : exp(-random_double(7, i, 0.7, 700)), x = cb_normal_quantile(p);
        check_at("p = %a", p);
        /* AS 241 promises x to about 1 part in 10^16; that moves the probability by density * |x| of it. */
        long double density = expl(-(long double)x * (long double)x / 2) * 0.3989422804014327L;
        long double back = 0.5L * erfcl(-(long double)x * 0.70710678118654752440L);
        check_near1("probability",
                    (double)((back - (long double)p) / (density * fabsl((long double)x) + (long double)p)), 0, 2e-15);
    }
    check_true(cb_normal_quantile(0.5) == 0 && cb_normal_quantile(0.25) == -cb_normal_quantile(0.75), "symmetry");
    check_true(isnan(cb_normal_quantile(0)) && isnan(cb_normal_quantile(1)) && isnan(cb_normal_quantile(NAN)),
               "outside (0, 1)");
    check_end();
}

static void add_to_hash(uint64_t *hash, double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    *hash = (*hash ^ bits) * 0x100000001b3u;
}

/* The same bits on every machine: one number for all results over a set of arguments, kept from x86-64.
 */
static void test_bits(void)
{
    static const uint64_t WANT = 0x51685cefdee1fccc;
    uint64_t hash = 0xcbf29ce484222325u;
    for (uint64_t i = 0; i < SAMPLES; i++) {
        add_to_hash(&hash, cb_exp(random_double(8, i, -740, 700)));
        add_to_hash(&hash, cb_log(random_double(9, i, 0, 1000)));
        add_to_hash(&hash, cb_normal_quantile(random_double(10, i, 0x1p-54, 1)));
    }
    check_begin(CB_ISA_SCALAR, "exp, log and quantile have the same bits on every machine");
    check_true(hash == WANT, "hash of the results: expected %016llx, got %016llx", (unsigned long long)WANT,
               (unsigned long long)hash);
    check_end();
}

/* --- team.c --- */

enum { TASKS = 100 };

struct visits {
    unsigned char count[TASKS];
    void *scratch[TASKS];
};

static void wait_a_millisecond(void *context, size_t task, void *scratch)
{
    (void)context, (void)task, (void)scratch;
    struct timespec start, now;
    clock_gettime(CLOCK_MONOTONIC, &start);
    do clock_gettime(CLOCK_MONOTONIC, &now);
    while ((now.tv_sec - start.tv_sec) * 1000000000L + now.tv_nsec - start.tv_nsec < 1000000);
}

static void visit(void *context, size_t task, void *scratch)
{
    struct visits *v = context;
    v->count[task]++;
    v->scratch[task] = scratch;
    memset(scratch, (int)task, 1000);
}

/* The threads wait for each other, so that none can do the task of another. */
struct roll_call {
    atomic_size_t present;
    atomic_bool alone; /* one has waited in vain */
    size_t threads, calls[TASKS];
    void *scratch[TASKS];
};

static void answer(void *context, size_t thread, void *scratch)
{
    struct roll_call *r = context;
    r->calls[thread]++;
    r->scratch[thread] = scratch;
    atomic_fetch_add(&r->present, 1);
    time_t start = time(NULL);
    while (atomic_load(&r->present) < r->threads && !atomic_load(&r->alone)) {
        sched_yield();
        if (time(NULL) - start > 30) atomic_store(&r->alone, true);
    }
}

static void test_each(void)
{
    check_begin(CB_ISA_SCALAR, "cb_team_each runs a task on every thread, in its scratch memory, at the same time");
    for (size_t t = 0; t < CHECK_TEAMS; t++) {
        check_at("%zu threads", check_threads[t]);
        struct cb_team *team = check_team(check_threads[t], 1000);
        struct roll_call first = {.threads = check_threads[t]}, second = {.threads = check_threads[t]};
        cb_team_each(team, answer, &first);
        cb_team_each(team, answer, &second);
        check_true(!first.alone && !second.alone, "tasks came one after the other");
        for (size_t i = 0; i < TASKS; i++) {
            check_true(first.calls[i] == (i < check_threads[t]), "task %zu ran %zu times", i, first.calls[i]);
            check_true(first.scratch[i] == second.scratch[i], "task %zu moved to another scratch", i);
            for (size_t j = 0; j < i && i < check_threads[t]; j++)
                check_true(first.scratch[i] != first.scratch[j], "threads %zu and %zu share scratch", i, j);
        }
        cb_team_destroy(team);
    }
    check_end();
}

struct inner {
    enum cb_status status;
    struct cb_team *team;
    struct cb_error err;
};

static void create_inner(void *context, size_t thread, void *scratch)
{
    (void)scratch;
    struct inner *inner = context;
    if (thread == 0) inner->status = cb_team_create(&inner->team, 2, 0, &inner->err);
}

static void test_too_few_threads(void)
{
    check_begin(CB_ISA_SCALAR, "a team that gets fewer threads than asked is refused");
    struct cb_team *outer = check_team(2, 0);
    struct inner inner = {CB_OK, NULL, {""}};
    cb_team_each(outer, create_inner, &inner); /* the runtime gives a team within a team one thread */
    check_true(inner.status == CB_UNAVAILABLE && !inner.team, "status %d", inner.status);
    check_true(strstr(inner.err.text, "asked for 2") && strstr(inner.err.text, "gives 1") &&
                   strstr(inner.err.text, "OMP_THREAD_LIMIT"),
               "message: %s", inner.err.text);
    cb_team_destroy(outer);
    check_end();

    check_begin(CB_ISA_SCALAR, "scratch that cannot be is out of memory");
    static const size_t sizes[] = {SIZE_MAX, SIZE_MAX - 4096, SIZE_MAX / 2, SIZE_MAX / 2 - 4096};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        check_true(cb_team_create(&inner.team, 2, sizes[i], &inner.err) == CB_NO_MEMORY && !inner.team,
                   "%zu bytes a thread were given", sizes[i]);
    check_end();
}

static void test_team(void)
{
    check_begin(CB_ISA_SCALAR, "a team runs each task once, in scratch memory of the thread");
    for (size_t t = 0; t < CHECK_TEAMS; t++)
        for (size_t tasks = 0; tasks <= TASKS; tasks += 1 + tasks) {
            check_at("%zu threads, %zu tasks", check_threads[t], tasks);
            struct cb_team *team = check_team(check_threads[t], 1000);
            struct visits v = {{0}, {0}};
            cb_team_run(team, tasks, visit, &v);
            check_true(cb_team_threads(team) == check_threads[t], "cb_team_threads: %zu", cb_team_threads(team));
            size_t areas = tasks > 0;
            for (size_t i = 0; i < TASKS; i++) {
                check_true(v.count[i] == (i < tasks), "task %zu ran %d times", i, v.count[i]);
                check_true((uintptr_t)v.scratch[i] % 64 == 0, "task %zu: scratch at %p", i, v.scratch[i]);
                areas += i > 0 && i < tasks && v.scratch[i] != v.scratch[i - 1];
            }
            check_true(areas <= check_threads[t], "%zu scratch areas", areas);
            cb_team_destroy(team);
        }
    check_end();

    check_begin(CB_ISA_SCALAR, "a team knows what its runs took");
    struct cb_team *timed = check_team(2, 1000);
    cb_team_run(timed, 2, wait_a_millisecond, NULL);
    cb_team_run(timed, 2, wait_a_millisecond, NULL);
    struct cb_team_times times = cb_team_times(timed);
    const double clock_step = 1e-5; /* libomp's clock counts microseconds */
    check_true(times.runs == 2, "%zu runs", times.runs);
    check_true(times.busy >= 4e-3 - clock_step && times.wall >= 2e-3 - clock_step &&
                   times.busy <= 2 * times.wall + clock_step,
               "busy %g s, wall %g s", times.busy, times.wall);
    cb_team_destroy(timed);
    check_end();

    check_begin(CB_ISA_SCALAR, "a team of no threads is refused");
    struct cb_team *team;
    struct cb_error err;
    check_true(cb_team_create(&team, 0, 0, &err) == CB_BAD_INPUT && !team, "0 threads accepted");
    check_true(cb_team_create(&team, 5000, 0, &err) == CB_BAD_INPUT && strstr(err.text, "5000"), "message: %s",
               err.text);
    check_end();
}

static void test_groups(void)
{
    check_begin(CB_ISA_SCALAR, "image groups cut a batch without gap or overlap");
    for (size_t n = 1; n <= 1024; n = n < 70 ? n + 1 : n * 2) {
        size_t next = 0, first, end, most = 0;
        check_at("n=%zu", n);
        for (size_t g = 0; g < CB_IMAGE_GROUPS; g++) {
            cb_group_range(n, g, &first, &end);
            check_true(first == next && end >= first, "group %zu is [%zu, %zu), expected to begin at %zu", g, first,
                       end, next);
            if (end - first > most) most = end - first;
            next = end;
        }
        check_true(next == n && most <= n / CB_IMAGE_GROUPS + 1, "groups end at %zu, the largest has %zu", next, most);
    }
    check_end();
}

/* --- isa.c --- */

/* The line of /proc/cpuinfo with the features, without underscores: avx512_bf16 is GCC's avx512bf16. */
static char *linux_flags(void)
{
    char *line = NULL;
    size_t size = 0;
    FILE *file = fopen("/proc/cpuinfo", "r");
    while (file && getline(&line, &size, file) > 0 && strncmp(line, "flags", 5)) continue;
    if (file) fclose(file);
    size_t to = 0;
    for (size_t i = 0; line && line[i]; i++)
        if (line[i] != '_') line[to++] = line[i] == '\n' ? ' ' : line[i];
    if (line) line[to] = '\0';
    return line;
}

/* cpu: what a row of isas.def asks for, features in quotes. */
static bool has_all(const char *flags, const char *cpu)
{
    for (const char *word; (word = strchr(cpu, '"')); cpu = strchr(word + 1, '"') + 1) {
        char with_blanks[32];
        snprintf(with_blanks, sizeof with_blanks, " %.*s ", (int)strcspn(word + 1, "\""), word + 1);
        if (!flags || !strstr(flags, with_blanks)) return false;
    }
    return true;
}

static void test_isa(void)
{
    struct cb_error err;
    check_begin(CB_ISA_SCALAR, "an ISA is chosen by name, never by fallback");
    check_true(cb_isa_select("sse9", &err) == CB_BAD_INPUT && strstr(err.text, "sse9"), "message: %s", err.text);
    for (enum cb_isa isa = CB_ISA_SCALAR; isa < CB_ISA_COUNT; isa++) {
        enum cb_status want = cb_isa_available(isa) ? CB_OK : CB_UNAVAILABLE;
        const char *name = cb_isa_name(isa);
        check_at("%s", name);
        check_true(cb_isa_select(name, &err) == want, "expected status %d", (int)want);
        setenv("CYCLEBENCH_ISA", name, 1);
        check_true(cb_isa_select(NULL, &err) == want, "CYCLEBENCH_ISA: expected status %d", (int)want);
        if (want == CB_OK)
            check_true(cb_isa_selected() == isa && cb_ops() == cb_ops_of(isa), "%s is selected",
                       cb_isa_name(cb_isa_selected()));
        else
            check_true(strstr(err.text, name) && strstr(err.text, "CYCLEBENCH_ISA"), "message: %s", err.text);
    }
    unsetenv("CYCLEBENCH_ISA");
    check_end();

    check_begin(CB_ISA_SCALAR, "the default is where no step of the climb is left");
    check_true(cb_isa_select(NULL, &err) == CB_OK && cb_isa_selected() == cb_isa_best(), "the default is %s",
               cb_isa_name(cb_isa_selected()));
    CHECK_EACH_SIMD(isa)
    {
        check_at("%s", cb_isa_name(isa));
        check_true(cb_isa_base(isa) < isa && cb_isa_available(cb_isa_base(isa)), "its base is %s",
                   cb_isa_name(cb_isa_base(isa)));
        check_true(cb_isa_base(isa) != cb_isa_best(), "it falls back to the default, %s", cb_isa_name(cb_isa_best()));
    }
    check_end();

    check_begin(CB_ISA_SCALAR, "the ISAs that are available are those that Linux lists");
    char *flags = linux_flags();
#define CB_ISA(id, name, architecture, base, builds, vectors, bf16, cpu, ...)                                          \
    CB_WHERE_##architecture(                                                                                           \
        check_true(cb_isa_available(CB_ISA_##id) == (cb_isa_available(CB_ISA_##base) && has_all(flags, #cpu)),         \
                   "%s is %savailable", #name, cb_isa_available(CB_ISA_##id) ? "" : "not "));
#include "isas.def"
#undef CB_ISA
    free(flags);
    check_end();

    CHECK_EACH_ISA(isa)
    {
        const struct cb_ops *ops = cb_ops_of(isa);
        check_begin(isa, "the table has every operation");
#define CB_OP(name, type, ...) check_true(ops->name != NULL, "%s is missing", #name);
#define CB_OP_BF16 CB_OP
#include "core/ops.inc"
#undef CB_OP
#undef CB_OP_BF16
        check_end();
    }
}

static void test_messages(void)
{
    static const struct {
        const char *given, *shown;
    } rows[] = {
        {"plain, \xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80", "plain, \xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80"},
        {"\033[31m\n\t\x7f", "?[31m???"},
        {"\xc2\x9b"
         "1m",
         "??1m"}, /* C1: another way to begin an escape sequence */
        {"a\xe2\x80\xae"
         "b\xe2\x80\xaa\xe2\x80\x8e\xe2\x80\x8f\xe2\x80\xa8",
         "a???b????????????"}, /* another direction of writing, another line */
        {"\xe2\x81\xa6\xe2\x81\xa9", "??????"},
        {"\xe2\x80\x8d\xe2\x80\x90\xe2\x80\xa7\xe2\x80\xaf\xe2\x81\xa5\xe2\x81\xaa",
         "\xe2\x80\x8d\xe2\x80\x90\xe2\x80\xa7\xe2\x80\xaf\xe2\x81\xa5\xe2\x81\xaa"}, /* their neighbours */
        {"\xff\xfe\x80", "???"},                                                      /* no UTF-8 */
        {"\xe2\x82", "??"},                                                           /* cut short */
        {"\xc0\xaf \xe0\x80\xaf \xf0\x80\x80\xaf", "?? ??? ????"},                    /* longer than need be */
        {"\xed\xa0\x80 \xf4\x90\x80\x80 \xf5\x80\x80\x80", "??? ???? ????"},
    };
    check_begin(CB_ISA_SCALAR, "messages hold nothing but printable UTF-8");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct cb_error err;
        check_true(cb_fail(&err, CB_IO_ERROR, "%s", rows[i].given) == CB_IO_ERROR, "row %zu: status", i);
        check_true(!strcmp(err.text, rows[i].shown), "row %zu: \"%s\"", i, err.text);
    }
    check_end();
}

int main(void)
{
    test_philox();
    test_exp_log();
    test_quantile();
    test_bits();
    test_team();
    test_each();
    test_too_few_threads();
    test_groups();
    test_isa();
    test_messages();
    return check_finish();
}
