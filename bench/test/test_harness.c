/* What the harness computes from measurements: ceilings and rooflines, ratios, rows; and the flags that it takes over.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ceiling_kernels.h"
#include "ceilings.h"
#include "core/isa.h"
#include "flush.h"
#include "google_flags.h"
#include "instruments.h"
#include "json_text.h"
#include "kernel_choice.h"
#include "session.h"
#include "cases.h"
#include "progress.h"
#include "ratio.h"
#include "results.h"

/* --- ceilings --- */

static void test_level_sizes(void **state)
{
    (void)state;
    const char *why;
    struct cb_memory_sizes s = {{32 << 10, 1 << 20, 32 << 20}, 4, (size_t)16 << 30};
    assert_int_equal(cb_level_bytes(&s, CB_LEVEL_L1, 2, &why), 16 << 10);
    assert_int_equal(cb_level_bytes(&s, CB_LEVEL_L2, 2, &why), 512 << 10);
    assert_int_equal(cb_level_bytes(&s, CB_LEVEL_L3, 2, &why), 8 << 20);
    assert_int_equal(cb_level_bytes(&s, CB_LEVEL_L3, 16, &why), 4 << 20); /* four CPUs share each */
    assert_int_equal(cb_level_bytes(&s, CB_LEVEL_DRAM, 2, &why), 128 << 20);
    assert_null(why);
    s.cache_bytes[CB_LEVEL_L3] = 0;
    assert_int_equal(cb_level_bytes(&s, CB_LEVEL_L3, 2, &why), 0);
    assert_string_equal(why, "hwloc reports no such cache");
    s.cache_bytes[CB_LEVEL_L3] = 2 << 20;
    assert_int_equal(cb_level_bytes(&s, CB_LEVEL_L3, 4, &why), 0);
    assert_non_null(why);
    s.available_bytes = 100 << 20;
    assert_int_equal(cb_level_bytes(&s, CB_LEVEL_DRAM, 1, &why), 0);
    assert_non_null(strstr(why, "too little free memory"));
    assert_int_equal(cb_level_bytes(&(struct cb_memory_sizes){.l3_shared_by = 1}, CB_LEVEL_DRAM, 1, &why), 256 << 20);
}

/* What hwloc does not know stays 0. */
static void test_caches_grow_outwards(void **state)
{
    (void)state;
    struct cb_cache_sizes caches = cb_cache_sizes();
    const size_t bytes[] = {caches.l1_bytes, caches.l2_bytes, caches.l3_bytes};
    size_t inner = 4 << 10;
    for (size_t i = 0; i < 3; i++)
        if (bytes[i]) {
            assert_in_range(bytes[i], inner, (size_t)4 << 30);
            inner = bytes[i];
        }
    assert_int_equal(caches.l3_bytes, cb_memory_sizes().cache_bytes[CB_LEVEL_L3]);
}

static struct cb_ceilings ceilings_of_two_threads(void)
{
    struct cb_ceilings c = {.threads = 2, .sizes = {{32 << 10, 1 << 20, 32 << 20}, 2, 0}};
    static const double rates[CB_LEVELS] = {400e9, 200e9, 100e9, 20e9};
    for (int l = 0; l < CB_LEVELS; l++) c.level[l].bytes_per_s[CB_STREAM_READ] = rates[l];
    return c;
}

static struct cb_roof roof_of(const struct cb_ceilings *c, double flops, double bf16_flops, double bytes, bool cold)
{
    struct cb_cost cost = {.least_flops = {[CB_F32] = flops, [CB_BF16] = bf16_flops}, .bytes = bytes};
    return cb_roofline(c, CB_ISA_SCALAR, &cost, cold);
}

static void test_roofline(void **state)
{
    (void)state;
    struct cb_ceilings c = ceilings_of_two_threads();
    c.peak_flops[CB_F32][CB_ISA_SCALAR] = 100e9;
    c.peak_flops[CB_BF16][CB_ISA_SCALAR] = 200e9;
    struct cb_roof roof = roof_of(&c, 1e6, 0, 60e3, false); /* fits the two L1: 10 us against 0.15 us */
    assert_int_equal(roof.level, CB_LEVEL_L1);
    assert_true(roof.compute_bound);
    assert_true(fabs(roof.least_s - 10e-6) < 1e-12);
    assert_true(fabs(roof_of(&c, 1e6, 1e6, 60e3, false).least_s - 15e-6) < 1e-12); /* each format at its own peak */
    roof = roof_of(&c, 1e6, 0, 30e6, false);                                       /* in L3: 10 us against 300 us */
    assert_int_equal(roof.level, CB_LEVEL_L3);
    assert_false(roof.compute_bound);
    assert_true(fabs(roof.least_s - 300e-6) < 1e-12);
    roof = roof_of(&c, 1e6, 0, 60e3, true); /* cold */
    assert_int_equal(roof.level, CB_LEVEL_DRAM);
    roof = roof_of(&c, 0, 0, 100e6, false); /* a copy */
    assert_false(roof.compute_bound);
    assert_true(fabs(roof.least_s - 5e-3) < 1e-12);
    assert_int_equal(roof.stream, CB_STREAM_READ);
    c.level[CB_LEVEL_DRAM].bytes_per_s[CB_STREAM_COPY] = 15e9;
    c.level[CB_LEVEL_DRAM].bytes_per_s[CB_STREAM_NT_COPY] = 25e9; /* faster than all others: that is the roof */
    roof = roof_of(&c, 0, 0, 100e6, false);
    assert_int_equal(roof.stream, CB_STREAM_NT_COPY);
    assert_true(fabs(roof.least_s - 4e-3) < 1e-12);
    c.level[CB_LEVEL_L3] = (struct cb_bandwidth_ceiling){.reason = "not measured"};
    assert_int_equal(roof_of(&c, 1e6, 0, 30e6, false).level, CB_LEVEL_DRAM);
}

/* A ceiling that another ISA's loop measured is none. */
static void test_every_isa_has_its_ceilings(void **state)
{
    (void)state;
    struct cb_ceiling_kernels scalar = cb_ceiling_kernels_of(CB_ISA_SCALAR);
    for (enum cb_isa isa = CB_ISA_SCALAR + 1; isa < CB_ISA_COUNT; isa++) {
        if (!cb_isa_available(isa)) continue;
        struct cb_ceiling_kernels kernels = cb_ceiling_kernels_of(isa);
        assert_non_null(kernels.stream);
        assert_ptr_not_equal(kernels.stream, scalar.stream);
        assert_non_null(kernels.fma_chains);
        assert_ptr_not_equal(kernels.fma_chains, scalar.fma_chains);
    }
}

static void test_bandwidth_is_measured(void **state)
{
    (void)state;
    struct cb_team *team;
    assert_int_equal(cb_team_create(&team, 2, 0, NULL), CB_OK);
    for (enum cb_isa isa = CB_ISA_SCALAR; isa < CB_ISA_COUNT; isa++) {
        double rate[CB_STREAMS] = {0};
        if (!cb_isa_available(isa)) continue;
        assert_int_equal(cb_bandwidth(rate, isa, team, CB_LEVEL_DRAM, 16 << 10, NULL), CB_OK);
        for (enum cb_stream s = CB_STREAM_READ; s < CB_STREAMS; s++)
            if (cb_stream_missing(isa, s, CB_LEVEL_DRAM))
                assert_true(rate[s] == 0);
            else
                assert_true(rate[s] > 1e7 && isfinite(rate[s]));
    }
    cb_team_destroy(team);
}

/* Each level once, and none that no case needs. */
static void test_levels_are_measured_when_needed(void **state)
{
    (void)state;
    struct cb_team *team;
    struct cb_ceilings c;
    assert_int_equal(cb_team_create(&team, 1, 0, NULL), CB_OK);
    cb_ceilings_begin(&c, CB_ISA_SCALAR, 1);
    assert_string_equal(c.level[CB_LEVEL_DRAM].reason, "no case needed it");
    c.sizes = (struct cb_memory_sizes){{32 << 10, 256 << 10, 0}, 1, (size_t)1 << 40};
    assert_int_equal(cb_ceilings_measure_for(&c, 40 << 10, false, team, NULL), CB_OK); /* L2 */
    assert_false(c.level[CB_LEVEL_L1].measured);
    assert_true(c.level[CB_LEVEL_L2].bytes_per_s[CB_STREAM_READ] > 0 && !c.level[CB_LEVEL_L2].reason);
    assert_false(c.level[CB_LEVEL_L3].measured || c.level[CB_LEVEL_DRAM].measured);
    double before = c.level[CB_LEVEL_L2].bytes_per_s[CB_STREAM_READ] = 1;
    assert_int_equal(cb_ceilings_measure_for(&c, 50 << 10, false, team, NULL), CB_OK);
    assert_true(c.level[CB_LEVEL_L2].bytes_per_s[CB_STREAM_READ] == before);
    cb_team_destroy(team);
}

/* --- ratios --- */

static void test_ratio(void **state)
{
    (void)state;
    double fast[] = {1.1, 0.9, 1, 1.05, 0.95}, slow[] = {2, 2.2, 1.8, 2.1, 1.9}, same[] = {1, 1, 1};
    struct cb_sample ours = {fast, 5}, theirs = {slow, 5}, few = {same, 3};
    const struct cb_sample *one[] = {&theirs}, *two[] = {&theirs, &few};
    struct cb_ratio r = cb_ratio_of(&ours, one, 1);
    assert_true(r.ratio == 2);
    assert_true(r.interval && r.low < r.ratio && r.ratio < r.high && r.low > 1.5 && r.high < 2.5);
    struct cb_ratio again = cb_ratio_of(&ours, one, 1);
    assert_true(again.low == r.low && again.high == r.high);
    r = cb_ratio_of(&ours, two, 2);
    assert_true(r.ratio == 3 && !r.interval);
    assert_true(fast[0] == 1.1); /* left as it was */
}

static void test_comparison_adds_the_parts(void **state)
{
    (void)state;
    static const struct cb_peer l = {.name = "L"}, m = {.name = "M"};
    struct cb_implementation implementations[] = {{.name = "a"},
                                                  {.name = "b"},
                                                  {.name = "L:x:dX", .peer = &l, .part = 1},
                                                  {.name = "L:y:dX", .peer = &l, .part = 1},
                                                  {.name = "L:x:dW", .peer = &l, .part = 2},
                                                  {.name = "M", .peer = &m}};
    struct cb_case c = {.implementation = implementations, .n_implementations = 6};
    double s2[] = {2}, s1[] = {1}, s3[] = {3}, s4[] = {4};
    struct cb_sample samples[6] = {{s2, 1}, {s1, 1}, {s4, 1}, {s3, 1}, {s2, 1}};
    struct cb_comparison v;
    assert_true(cb_compare(&v, &c, &l, samples));
    assert_string_equal(v.ours->name, "b");
    assert_int_equal(v.n_parts, 2);
    assert_string_equal(v.theirs[0]->name, "L:y:dX");
    assert_string_equal(v.theirs[1]->name, "L:x:dW");
    assert_true(v.ratio.ratio == 5);
    assert_false(cb_compare(&v, &c, &m, samples)); /* it has no result */
    samples[4].n = 0;
    assert_false(cb_compare(&v, &c, &l, samples)); /* nor has a part of this */
}

/* --- flags --- */

static struct cb_google_flags flags;
static struct cb_error err;

static enum cb_status take(const char *argument)
{
    char *argv[] = {(char *)"bench", (char *)argument, NULL};
    free(flags.argv);
    flags.argv = NULL;
    return cb_google_flags_take(&flags, 2, argv, &err);
}

static int has(const char *argument)
{
    for (int i = 0; i < flags.argc; i++)
        if (!strcmp(flags.argv[i], argument)) return 1;
    return 0;
}

static void test_flags(void **state)
{
    (void)state;
    assert_int_equal(take("--benchmark_out=results.json"), CB_OK);
    assert_string_equal(flags.out, "results.json");
    assert_false(has("--benchmark_out=results.json")); /* the library must not write it */
    assert_true(has("--benchmark_out=") && has("--benchmark_repetitions=" CB_DEFAULT_REPETITIONS));
    assert_int_equal(take("--benchmark_format=json"), CB_OK);
    assert_true(flags.json && !flags.list && !flags.out);
    assert_int_equal(take("--benchmark_min_time=0.25s"), CB_OK);
    assert_true(flags.min_time_s == 0.25 && flags.repetitions == 5 && !has("--benchmark_min_time=0.25"));
    assert_int_equal(take("--benchmark_color=false"), CB_OK);
    assert_int_equal(take("--benchmark_color=auto"), CB_OK);
    assert_int_equal(take("--benchmark_list_tests"), CB_OK);
    assert_true(flags.list && has("--benchmark_list_tests"));
    assert_int_equal(take("--benchmark_list_tests=false"), CB_OK);
    assert_false(flags.list);
    assert_int_equal(take("--isa"), CB_OK);
    assert_true(has("--isa"));
}

static void test_flags_of_the_environment(void **state)
{
    (void)state;
    setenv("BENCHMARK_OUT", "e.json", 1);
    setenv("BENCHMARK_REPETITIONS", "3", 1);
    assert_int_equal(take("--isa"), CB_OK);
    assert_string_equal(flags.out, "e.json");
    assert_false(has("--benchmark_repetitions=" CB_DEFAULT_REPETITIONS));
    assert_int_equal(take("--benchmark_out=a.json"), CB_OK);
    assert_string_equal(flags.out, "a.json");
    unsetenv("BENCHMARK_OUT");
    unsetenv("BENCHMARK_REPETITIONS");
}

static void test_wrong_flags(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "--benchmark_format=xml",      "--benchmark_format=csv",      "--benchmark_out_format=csv",
        "--benchmark_min_time=0.1m",   "--benchmark_min_time=nan",    "--benchmark_min_time=-1",
        "--benchmark_min_time=",       "--benchmark_repetitions=0",   "--benchmark_repetitions=1001",
        "--benchmark_repetitions=two", "--benchmark_time_unit=hours", "--benchmark_out=",
        "--benchmark_min_time=5x",     "--benchmark_color=true",      "--benchmark_color=yes",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        if (take(wrong[i]) != CB_BAD_INPUT) fail_msg("%s is taken", wrong[i]);
        assert_int_equal(strncmp(err.text, "--benchmark_", 12), 0);
    }
    assert_int_equal(take("--benchmark_perf_counters=CYCLES"), CB_UNAVAILABLE);
}

/* --- cases --- */

static const struct cb_peer here = {.name = "Here"};

static void implement_both(struct cb_case *the_case, const struct cb_availability *available)
{
    static const struct cb_cost cost = {.flops = 1, .least_flops = {1}, .bytes = 1};
    cb_add_ours(the_case, available, "direct", 0, &cost, false);
    for (size_t i = 0; i < available->n_peers; i++)
        assert_non_null(cb_add_peer(the_case, available, available->peer[i], "way", 7, &cost));
}

static void no_buffers(void *work, const struct cb_implementation *e, cb_buffer_fn *visit, void *context)
{
    (void)work, (void)e, (void)visit, (void)context;
}

static void test_cases(void **state)
{
    (void)state;
    static const struct cb_shape_key keys[] = {{.name = "n", .min = 1, .max = 9, .step = 1}};
    static const struct cb_shape_form form = {.name = "f", .keys = keys, .n_keys = 1}, other = {.name = "g"};
    static const struct cb_kernel first[] = {
        {.name = "cold", .form = &form, .implement = implement_both, .buffers = no_buffers},
        {.name = "warm", .form = &form, .implement = implement_both},
        {0}};
    static const struct cb_kernel second[] = {{.name = "none", .form = &other, .implement = implement_both}, {0}};
    static const struct cb_kernel *const suites[] = {first, second, NULL};
    struct cb_shape shape[] = {{&form, {1}}, {&form, {2}}};
    const struct cb_shapes shapes = {shape, 2};
    const struct cb_availability available = {
        .isa = {CB_ISA_SCALAR}, .n_isas = 1, .best = CB_ISA_SCALAR, .peer = {&here}, .n_peers = 1};
    const struct cb_case_choice choice = {
        .available = &available, .threads = (const size_t[]){1, 4}, .n_threads = 2, .warm = true, .cold = true};
    struct cb_cases p;
    const struct cb_shape_form *forms[CB_MAX_FORMS];
    assert_int_equal(cb_forms_of(suites, forms), 2);
    assert_int_equal(cb_cases_make(&p, suites, &shapes, &choice, NULL), CB_OK);
    assert_int_equal(p.n, 8 + 4); /* kernels without buffers have no cold cases */
    assert_string_equal(p.of[0].name, "cold/n:1/t:1/warm");
    assert_string_equal(p.of[3].name, "cold/n:1/t:4/cold");
    assert_int_equal(p.of[0].n_implementations, 2);
    assert_string_equal(p.of[0].implementation[0].name, "direct:scalar");
    assert_string_equal(p.of[0].implementation[1].name, "Here:way");
    assert_ptr_equal(p.of[0].implementation[1].peer, &here);
    assert_int_equal(p.of[0].implementation[1].algorithm, 7);
    cb_cases_free(&p);
}

static size_t implementations(enum cb_isa first, enum cb_isa second, bool bf16)
{
    struct cb_case the_case = {.name = "k"};
    const struct cb_availability available = {.isa = {first, second}, .n_isas = 2};
    cb_add_ours(&the_case, &available, "", 0, &(struct cb_cost){.flops = 1}, bf16);
    free(the_case.implementation);
    return the_case.n_implementations;
}

static void test_avx512bf16_is_there_where_it_differs(void **state)
{
    (void)state;
    assert_int_equal(implementations(CB_ISA_AVX512, CB_ISA_AVX512BF16, true), 2);
    assert_int_equal(implementations(CB_ISA_AVX512, CB_ISA_AVX512BF16, false), 1);
    assert_int_equal(implementations(CB_ISA_AVX2, CB_ISA_AVX512BF16, false), 2);
}

/* Two libraries of convolutions with algorithms of their own, and more to come. */
static void test_a_case_has_any_number_of_implementations(void **state)
{
    (void)state;
    struct cb_case the_case = {.name = "k"};
    const struct cb_availability available = {.isa = {CB_ISA_SCALAR}, .n_isas = 1};
    for (unsigned i = 0; i < 100; i++)
        assert_non_null(cb_add_peer(&the_case, &available, &here, "", i, &(struct cb_cost){.flops = 1}));
    assert_int_equal(the_case.n_implementations, 100);
    assert_int_equal(the_case.implementation[99].algorithm, 99);
    free(the_case.implementation);
}

/* --- rows --- */

static void test_rows(void **state)
{
    (void)state;
    static const struct cb_kernel kernel = {.name = "k"};
    static const struct cb_shape_form form = {.name = "f"};
    struct cb_shape shape = {.form = &form};
    struct cb_implementation x = {.name = "x", .cost = {.flops = 8, .least_flops = {8}, .bytes = 4}};
    struct cb_case the_case = {.name = "k/t:1/warm",
                               .kernel = &kernel,
                               .shape = &shape,
                               .threads = 1,
                               .implementation = &x,
                               .n_implementations = 1};
    struct cb_ceilings c = ceilings_of_two_threads();
    struct cb_session session = {.the_case = &the_case, .ceilings = &c};
    struct cb_results r;
    struct cb_sample sample;
    json_t *rows =
        json_loads("[{\"name\":\"x\",\"run_name\":\"x\",\"real_time\":3.0,\"time_unit\":\"us\",\"iterations\":7},"
                   "{\"name\":\"x\",\"run_name\":\"x\",\"real_time\":5.0,\"time_unit\":\"us\",\"iterations\":7},"
                   "{\"name\":\"x_median\",\"run_name\":\"x\",\"aggregate_name\":\"median\",\"real_time\":4.0,"
                   "\"time_unit\":\"us\",\"iterations\":2},"
                   "{\"name\":\"x_cv\",\"run_name\":\"x\",\"aggregate_name\":\"cv\",\"real_time\":0.25,"
                   "\"time_unit\":\"us\",\"iterations\":2}]",
                   0, NULL);
    assert_non_null(rows);
    assert_int_equal(cb_results_create(&r, true, NULL), CB_OK);
    assert_int_equal(cb_results_sample(&sample, rows, NULL), CB_OK);
    assert_int_equal(sample.n, 2);
    assert_true(fabs(sample.seconds[1] - 5e-6) < 1e-15);
    json_t *summary = cb_results_add(&r, &session, 0, rows, NULL);
    assert_string_equal(json_string_value(json_object_get(summary, "name")), "x");
    assert_true(json_number_value(json_object_get(summary, "real_time")) == 4);
    assert_true(json_number_value(json_object_get(summary, "real_time_cv")) == 0.25);
    assert_int_equal(json_integer_value(json_object_get(summary, "iterations")), 7);
    assert_null(json_object_get(summary, "aggregate_name"));
    assert_int_equal(json_array_size(r.benchmarks), 2); /* aggregates only */
    const json_t *row = json_array_get(r.benchmarks, 0);
    assert_true(json_number_value(json_object_get(row, "arithmetic_intensity")) == 2);
    assert_true(json_is_true(json_object_get(row, "verified")));
    free(sample.seconds);
    json_decref(rows);
    cb_results_free(&r);
}

/* --- the choice of a library's kernels --- */

/* A library with kernels "old" and "new", that takes new ones for FAKE_CORE=new. */
static struct {
    bool knows_cpu, ignores, new_are_wrong, new_kill, kills;
    bool runs_new;
} fake;

static enum cb_status fake_start(size_t threads, struct cb_peer_about *about, struct cb_error *e)
{
    (void)threads, (void)e;
    const char *core = getenv("FAKE_CORE");
    fake.runs_new = fake.knows_cpu ? !core || strcmp(core, "old") : core && !strcmp(core, "new") && !fake.ignores;
    if (fake.kills || (fake.runs_new && fake.new_kill)) raise(SIGKILL);
    *about = (struct cb_peer_about){.isa = fake.runs_new ? CB_ISA_AVX512 : CB_ISA_AVX2};
    strcpy(about->kernels, fake.runs_new ? "new" : "old");
    return CB_OK;
}

static const char *fake_value(enum cb_isa isa)
{
    return isa >= CB_ISA_AVX512 ? "new" : NULL;
}

static const char *fake_prepare(const struct cb_gemm *g)
{
    return g->m > 64 ? "too large" : NULL;
}

static enum cb_status fake_run(const struct cb_gemm *g, struct cb_error *e)
{
    (void)e;
    for (size_t i = 0; i < g->m; i++)
        for (size_t j = 0; j < g->n; j++) {
            float sum = fake.runs_new && fake.new_are_wrong && i == 30 ? 1 : 0;
            for (size_t p = 0; p < g->k; p++) sum += g->a[i * g->lda + p] * g->b[p * g->ldb + j];
            g->c[i * g->ldc + j] = sum;
        }
    return CB_OK;
}

static struct cb_kernel_choice choose(enum cb_isa best, const char *user)
{
    static const struct cb_gemm_functions gemm = {.prepare = fake_prepare, .run = fake_run};
    static const struct cb_peer peer = {.name = "Fake",
                                        .kernels_variables = {"FAKE_CORE", "FAKE_CORE_OLD"},
                                        .kernels_value = fake_value,
                                        .start = fake_start,
                                        .gemm = &gemm};
    struct cb_kernel_choice c;
    unsetenv("FAKE_CORE");
    if (user) setenv("FAKE_CORE", user, 1);
    cb_choose_kernels(&c, &peer, 1, best);
    assert_string_equal(user ? user : "", getenv("FAKE_CORE") ? getenv("FAKE_CORE") : "");
    unsetenv("FAKE_CORE");
    return c;
}

static void test_kernels_are_chosen(void **state)
{
    (void)state;
    memset(&fake, 0, sizeof fake);
    struct cb_kernel_choice c = choose(CB_ISA_AVX512BF16, NULL);
    assert_true(c.ready && c.by == CB_CHOSEN_BY_US && !c.below && fake.runs_new);
    assert_string_equal(c.setting, "FAKE_CORE=new");
    assert_string_equal(c.own_kernels, "old");
    c = choose(CB_ISA_AVX2, NULL); /* good enough for this CPU */
    assert_true(c.ready && c.by == CB_CHOSEN_BY_LIBRARY && !c.below && !fake.runs_new);
    fake.knows_cpu = true;
    c = choose(CB_ISA_AVX512, NULL);
    assert_true(c.ready && c.by == CB_CHOSEN_BY_LIBRARY && !c.below && !*c.setting);
}

static void test_kernels_of_the_user_are_kept(void **state)
{
    (void)state;
    memset(&fake, 0, sizeof fake);
    struct cb_kernel_choice c = choose(CB_ISA_AVX512, "old");
    assert_true(c.ready && c.by == CB_CHOSEN_BY_USER && c.below && !fake.runs_new);
    assert_string_equal(c.remedy, "unset FAKE_CORE, or set it to new");
    c = choose(CB_ISA_AVX512, "new");
    assert_true(c.ready && c.by == CB_CHOSEN_BY_USER && !c.below && !*c.remedy);
    fake.kills = true;
    c = choose(CB_ISA_AVX512, "odd");
    assert_false(c.ready);
    assert_non_null(strstr(c.why_not, "signal 9"));
    assert_non_null(strstr(c.why_not, "with your FAKE_CORE=odd"));
}

static void test_kernels_that_cannot_be_had(void **state)
{
    (void)state;
    static bool *const faults[] = {&fake.ignores, &fake.new_are_wrong, &fake.new_kill};
    static const char *const words[] = {"it still takes old", "they compute wrongly: C[30][0]", "signal 9"};
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        memset(&fake, 0, sizeof fake);
        *faults[i] = true;
        struct cb_kernel_choice c = choose(CB_ISA_AVX512, NULL);
        assert_true(c.ready && c.by == CB_CHOSEN_BY_LIBRARY && c.below && !fake.runs_new);
        if (!strstr(c.remedy, words[i])) fail_msg("expected '%s' in: %s", words[i], c.remedy);
        json_t *json = cb_kernel_choice_json(&c);
        assert_true(json_is_true(json_object_get(json, "below_this_cpu")));
        assert_string_equal(json_string_value(json_object_get(json, "remedy")), c.remedy);
        json_decref(json);
    }
}

static void test_kernels_below(void **state)
{
    (void)state;
    struct cb_peer_about about = {.isa = CB_ISA_AVX512};
    assert_false(cb_kernels_below(&about, CB_ISA_AVX512BF16, CB_F32));
    assert_true(cb_kernels_below(&about, CB_ISA_AVX512BF16, CB_BF16));
    about.isa = CB_ISA_SCALAR;
    assert_true(cb_kernels_below(&about, CB_ISA_AVX2, CB_F32));
    assert_false(cb_kernels_below(&about, CB_ISA_SCALAR, CB_F32));
    assert_false(cb_kernels_below(&about, CB_ISA_NEON, CB_F32));
    about.isa = CB_ISA_COUNT; /* not known */
    assert_false(cb_kernels_below(&about, CB_ISA_AVX512BF16, CB_F32));
}

/* --- time --- */

static void test_progress(void **state)
{
    (void)state;
    static const struct {
        double seconds;
        const char *text;
    } durations[] = {{0, "0 s"}, {0.2, "1 s"}, {90, "90 s"}, {91, "2 min"}, {5400, "90 min"}, {5401, "1 h 31 min"}};
    char text[96];
    for (size_t i = 0; i < sizeof durations / sizeof *durations; i++) {
        cb_duration_text(text, sizeof text, durations[i].seconds);
        assert_string_equal(text, durations[i].text);
    }
    cb_progress_text(text, sizeof text, "case", 1, 582, 0, 7);
    assert_string_equal(text, "case 1 of 582");
    cb_progress_text(text, sizeof text, "case", 12, 50, 10, 60);
    assert_string_equal(text, "case 12 of 50, about 4 min left");
    assert_true(fabs(cb_expected_s(100, 5, 0.05) - 30) < 1e-9);
}

static void test_too_short_for_timer(void **state)
{
    (void)state;
    assert_true(cb_too_short_for_timer(24e-6, 0.5e-6));
    assert_false(cb_too_short_for_timer(26e-6, 0.5e-6));
}

static void test_text_of_others(void **state)
{
    (void)state;
    static const char *const texts[][2] = {
        {"plain", "plain"},
        {"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"},
        {"a\xff"
         "b",
         "a\xef\xbf\xbd"
         "b"},
        {"\xe2\x82", "\xef\xbf\xbd\xef\xbf\xbd"},
        {"\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd"},
        {"\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        json_t *json = cb_json_text(texts[i][0]);
        assert_non_null(json);
        assert_string_equal(json_string_value(json), texts[i][1]);
        json_decref(json);
    }
}

/* --- flushing --- */

enum { CHAIN = 256, LINE_WORDS = 64 / sizeof(size_t) };

/* Seconds of the fastest of 200 walks along a chain of loads, one a line, each after what prepares it. */
static double fastest_walk(size_t (*chain)[LINE_WORDS], bool flushed)
{
    double fastest = INFINITY;
    for (int i = 0; i < 200; i++) {
        if (flushed) cb_flush_from_caches(chain, CHAIN * sizeof *chain);
        double start = cb_now_s();
        for (size_t at = chain[0][0]; at; at = *(volatile size_t *)chain[at]) continue;
        double seconds = cb_now_s() - start;
        if (seconds < fastest) fastest = seconds;
    }
    return fastest;
}

/* No matter how fast the machine: memory is many times further away than L1, and the fastest walk was not disturbed. */
static void test_flushed_lines_come_from_memory(void **state)
{
    (void)state;
    if (!cb_can_flush()) skip();
    static _Alignas(64) size_t chain[CHAIN][LINE_WORDS];
    for (size_t i = 0; i < CHAIN; i++) chain[i][0] = (i + 97) % CHAIN; /* no stride that is prefetched */
    double near = fastest_walk(chain, false), far = fastest_walk(chain, true);
    print_message("# %d lines: %.0f ns, flushed %.0f ns\n", CHAIN, near * 1e9, far * 1e9);
    assert_true(far > 4 * near);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_level_sizes),
        cmocka_unit_test(test_caches_grow_outwards),
        cmocka_unit_test(test_roofline),
        cmocka_unit_test(test_every_isa_has_its_ceilings),
        cmocka_unit_test(test_bandwidth_is_measured),
        cmocka_unit_test(test_levels_are_measured_when_needed),
        cmocka_unit_test(test_ratio),
        cmocka_unit_test(test_comparison_adds_the_parts),
        cmocka_unit_test(test_flags),
        cmocka_unit_test(test_flags_of_the_environment),
        cmocka_unit_test(test_wrong_flags),
        cmocka_unit_test(test_cases),
        cmocka_unit_test(test_avx512bf16_is_there_where_it_differs),
        cmocka_unit_test(test_a_case_has_any_number_of_implementations),
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_kernels_are_chosen),
        cmocka_unit_test(test_kernels_of_the_user_are_kept),
        cmocka_unit_test(test_kernels_that_cannot_be_had),
        cmocka_unit_test(test_kernels_below),
        cmocka_unit_test(test_progress),
        cmocka_unit_test(test_too_short_for_timer),
        cmocka_unit_test(test_text_of_others),
        cmocka_unit_test(test_flushed_lines_come_from_memory),
    };
    if (cb_isa_select(NULL, NULL)) return 1;
    cmocka_set_message_output(CM_OUTPUT_TAP);
    int failed = cmocka_run_group_tests_name("harness", tests, NULL, NULL);
    free(flags.argv);
    return failed;
}
