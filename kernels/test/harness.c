#include "test/harness.h"

#include "core/bf16.h"

#include <float.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(CB_SANITIZED)
#include <sanitizer/asan_interface.h>
#endif

enum { GUARD_BYTES = 4096, MAX_REPORTS = 6, MAX_COMPARED = 1024 };

/* Memory of a buffer: GUARD_BYTES, then the user's bytes, then guard to the end. */
struct buffer {
    struct buffer *next;
    unsigned char *memory;
    size_t bytes, total, serial;
};

static struct {
    char name[256], at[256];
    enum cb_isa isa;
    bool open, must_fail;
    size_t failures;
    struct buffer *buffers;
    void (*compared[MAX_COMPARED])(void);
    size_t n_compared;
    size_t number, failed, next_serial;
    struct {
        size_t ran, failed;
    } isas[CB_ISA_COUNT];
} check;

const size_t check_threads[CHECK_TEAMS] = {1, 2, 3, 7};

static void die(const char *what)
{
    fflush(stdout);
    fprintf(stderr, "check harness: %s\n", what);
    exit(1);
}

/* Counts a failure of the open case and prints the first few; what a wrong kernel does is expected and stays silent. */
static void report(const char *format, va_list args)
{
    if (!check.open) die("a check outside check_begin .. check_end");
    if (check.failures++ >= MAX_REPORTS || check.must_fail) return;
    printf("# %s%s%s: ", check.name, check.at[0] ? ": " : "", check.at);
    vprintf(format, args);
    printf("\n");
}

static void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void fail(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    report(format, args);
    va_end(args);
}

/* --- cases --- */

static void begin(enum cb_isa isa, bool must_fail, const char *format, va_list args)
{
    if (check.open) die("check_begin inside a case");
    vsnprintf(check.name, sizeof check.name, format, args);
    check.at[0] = '\0';
    check.isa = isa;
    check.must_fail = must_fail;
    check.failures = 0;
    check.open = true;
}

void check_begin(enum cb_isa isa, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    begin(isa, false, format, args);
    va_end(args);
}

void check_begin_must_fail(enum cb_isa isa, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    begin(isa, true, format, args);
    va_end(args);
}

void check_at(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(check.at, sizeof check.at, format, args);
    va_end(args);
}

bool check_end(void)
{
    check_release();
    bool ok = check.must_fail ? check.failures > 0 : check.failures == 0;
    if (!ok && check.must_fail) printf("# %s: wrong on purpose, yet no check failed\n", check.name);
    if (check.failures > MAX_REPORTS && !check.must_fail)
        printf("# %s: %zu failed checks in all\n", check.name, check.failures);
    printf("%sok %zu - %s %s%s\n", ok ? "" : "not ", ++check.number, cb_isa_name(check.isa), check.name,
           check.must_fail ? " is caught" : "");
    fflush(stdout);
    check.isas[check.isa].ran++;
    check.isas[check.isa].failed += !ok;
    check.failed += !ok;
    check.open = false;
    return ok;
}

void check_skip(const char *name, const char *reason)
{
    printf("ok %zu - %s # SKIP %s\n", ++check.number, name, reason);
}

int check_finish(void)
{
    if (check.open) die("check_finish inside a case");
    size_t ran = 0;
    for (enum cb_isa isa = CB_ISA_SCALAR; isa < CB_ISA_COUNT; isa++) {
        if (cb_isa_available(isa)) {
            printf("# %s: %zu cases ran, %zu failed\n", cb_isa_name(isa), check.isas[isa].ran, check.isas[isa].failed);
        } else if (cb_ops_of(isa)) {
            char name[32], reason[80];
            snprintf(name, sizeof name, "%s variants", cb_isa_name(isa));
            snprintf(reason, sizeof reason, "[%s] this CPU or operating system does not support them",
                     cb_isa_name(isa));
            check_skip(name, reason);
        } else {
            printf("# %s: not an instruction set of this architecture\n", cb_isa_name(isa));
        }
        ran += check.isas[isa].ran;
    }
    printf("1..%zu\n", check.number);
    return ran > 0 && check.failed == 0 ? 0 : 1;
}

/* --- buffers --- */

/* What buffers and guards hold at first: quiet NaNs, so that a read outside shows in the result, and other ones in each
 * buffer, so that a copy that runs from guard to guard shows too. */
static uint32_t poison_word(const struct buffer *b, size_t word)
{
    return 0x7fc00000 | (uint32_t)((b->serial * 40503u + word) & 0xffff);
}

static bool poisoned(const struct buffer *b, size_t byte)
{
    uint32_t word = poison_word(b, byte / sizeof word);
    return b->memory[byte] == ((unsigned char *)&word)[byte % sizeof word];
}

void *check_bytes(size_t bytes)
{
    if (!check.open) die("a buffer outside check_begin .. check_end");
    struct buffer *b = malloc(sizeof *b);
    if (!b) die("out of memory");
    b->bytes = bytes;
    b->total = (2 * GUARD_BYTES + bytes + 63) & ~(size_t)63;
    b->memory = aligned_alloc(64, b->total);
    if (!b->memory) die("out of memory");
    b->serial = check.next_serial++;
    uint32_t *words = (uint32_t *)(void *)b->memory;
    for (size_t i = 0; i < b->total / sizeof *words; i++) words[i] = poison_word(b, i);
#if defined(CB_SANITIZED)
    if (!check.must_fail) { /* AddressSanitizer then also sees reads; but a kernel wrong on purpose may overrun */
        __asan_poison_memory_region(b->memory, GUARD_BYTES);
        __asan_poison_memory_region(b->memory + GUARD_BYTES + bytes, b->total - GUARD_BYTES - bytes);
    }
#endif
    b->next = check.buffers;
    check.buffers = b;
    return b->memory + GUARD_BYTES;
}

float *check_floats(size_t n)
{
    return check_bytes(n * sizeof(float));
}

double *check_doubles(size_t n)
{
    return check_bytes(n * sizeof(double));
}

float *check_copy(const float *from, size_t n)
{
    float *copy = check_floats(n);
    memcpy(copy, from, n * sizeof *copy);
    return copy;
}

void *check_stored(enum cb_format storage, size_t n)
{
    return check_bytes(n * cb_format_bytes(storage));
}

static void check_guards(const struct buffer *b)
{
    for (size_t i = 0; i < GUARD_BYTES; i++) {
        if (poisoned(b, i)) continue;
        fail("a buffer of %zu bytes was written %zu bytes before its start", b->bytes, GUARD_BYTES - i);
        break;
    }
    for (size_t i = GUARD_BYTES + b->bytes; i < b->total; i++) {
        if (poisoned(b, i)) continue;
        fail("a buffer of %zu bytes was written %zu bytes after its end", b->bytes, i - GUARD_BYTES - b->bytes);
        break;
    }
}

void check_release(void)
{
    while (check.buffers) {
        struct buffer *b = check.buffers;
        check.buffers = b->next;
#if defined(CB_SANITIZED)
        __asan_unpoison_memory_region(b->memory, b->total);
#endif
        check_guards(b);
        free(b->memory);
        free(b);
    }
}

/* --- contents --- */

uint64_t check_random(uint64_t seed, uint64_t index)
{
    /* splitmix64, not the library's Philox: what is under test must not make its own input. */
    uint64_t z = seed * 0xd1342543de82ef95u + (index + 1) * 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static float normal(uint64_t bits)
{
    int64_t sum = (int64_t)(bits & 0xffff) + (int64_t)(bits >> 16 & 0xffff) + (int64_t)(bits >> 32 & 0xffff) +
                  (int64_t)(bits >> 48);
    return (float)((double)(sum - 2 * 0xffff) * (1.7320508075688772 / 65536.0));
}

static float denormal(uint64_t bits)
{
    static const float edges[] = {0.0f, -0.0f, FLT_MIN, -FLT_MIN, 0x1p-149f, -0x1p-149f};
    if (bits % 4 == 0) return edges[bits / 4 % (sizeof edges / sizeof *edges)];
    return normal(bits) * 0x1p-128f;
}

static float special(uint64_t bits)
{
    static const float specials[] = {NAN, INFINITY, -INFINITY, 0.0f, -0.0f, 0x1p-149f, -0x1p-130f, FLT_MAX, -FLT_MAX};
    return specials[bits % (sizeof specials / sizeof *specials)];
}

static void fill_one(float *p, enum check_fill kind, uint64_t bits)
{
    switch (kind) {
    case CHECK_NORMAL:
        *p = normal(bits);
        break;
    case CHECK_INTEGERS:
        *p = (float)((int)(bits % 7) - 3);
        break;
    case CHECK_DENORMALS:
        *p = denormal(bits);
        break;
    case CHECK_SPECIALS:
        *p = bits % 61 ? normal(bits) : special(bits / 61);
        break;
    }
}

void check_fill(float *p, size_t n, enum check_fill kind, uint64_t seed)
{
    for (size_t i = 0; i < n; i++) fill_one(&p[i], kind, check_random(seed, i));
}

void check_fill_stored(void *p, enum cb_format storage, size_t n, enum check_fill kind, uint64_t seed)
{
    if (storage == CB_F32) {
        check_fill(p, n, kind, seed);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        float x = 0;
        uint32_t bits;
        fill_one(&x, kind, check_random(seed, i));
        memcpy(&bits, &x, sizeof bits);
        ((uint16_t *)p)[i] = (uint16_t)(bits >> 16);
    }
}

/* --- checks --- */

bool check_true(bool ok, const char *format, ...)
{
    if (ok) return true;
    va_list args;
    va_start(args, format);
    report(format, args);
    va_end(args);
    return false;
}

bool check_equal(const char *what, const float *got, const float *want, size_t n)
{
    size_t differ = 0, first = 0;
    for (size_t i = 0; i < n; i++) {
        if (!memcmp(&got[i], &want[i], sizeof *got) || (isnan(got[i]) && isnan(want[i]))) continue;
        if (!differ++) first = i;
    }
    if (differ)
        fail("%s: %zu of %zu differ, the first at %zu: expected %a (%.9g), got %a (%.9g)", what, differ, n, first,
             (double)want[first], (double)want[first], (double)got[first], (double)got[first]);
    return !differ;
}

bool check_equal_stored(const char *what, enum cb_format storage, const void *got, const void *want, size_t n)
{
    if (storage == CB_F32) return check_equal(what, got, want, n);
    const uint16_t *g = got, *w = want;
    size_t differ = 0, first = 0;
    for (size_t i = 0; i < n; i++) {
        if (g[i] == w[i] || (isnan(cb_bf16_value(g[i])) && isnan(cb_bf16_value(w[i])))) continue;
        if (!differ++) first = i;
    }
    if (differ)
        fail("%s: %zu of %zu differ, the first at %zu: expected %a, got %a", what, differ, n, first,
             (double)cb_bf16_value(w[first]), (double)cb_bf16_value(g[first]));
    return !differ;
}

bool check_equal_bytes(const char *what, const void *got, const void *want, size_t bytes)
{
    const unsigned char *g = got, *w = want;
    size_t i = 0;
    while (i < bytes && g[i] == w[i]) i++;
    if (i < bytes) fail("%s: bytes differ, the first of %zu at %zu: expected %u, got %u", what, bytes, i, w[i], g[i]);
    return i == bytes;
}

bool check_near(const char *what, const float *got, const double *want, const double *bound, size_t n)
{
    size_t differ = 0, worst = 0;
    double excess = 0;
    for (size_t i = 0; i < n; i++) {
        double error = fabs((double)got[i] - want[i]);
        if (error <= bound[i]) continue;
        double by = error / bound[i];
        if (!differ++ || by > excess || isnan(by)) {
            worst = i;
            excess = by;
        }
    }
    if (differ)
        fail("%s: %zu of %zu out of bounds, the worst at %zu: expected %.12g +- %.3g, got %.12g", what, differ, n,
             worst, want[worst], bound[worst], (double)got[worst]);
    return !differ;
}

bool check_near1(const char *what, double got, double want, double bound)
{
    if (fabs(got - want) <= bound) return true;
    fail("%s: expected %.17g +- %.3g, got %.17g", what, want, bound, got);
    return false;
}

/* --- ISAs and threads --- */

void check_compared_(void (*fn)(void))
{
    if (check_was_compared_(fn)) return;
    if (check.n_compared == MAX_COMPARED) die("more functions are compared than MAX_COMPARED");
    check.compared[check.n_compared++] = fn;
}

bool check_was_compared_(void (*fn)(void))
{
    for (size_t i = 0; i < check.n_compared; i++)
        if (check.compared[i] == fn) return true;
    return false;
}

void check_select(enum cb_isa isa)
{
    struct cb_error err;
    if (cb_isa_select(cb_isa_name(isa), &err) != CB_OK) die(err.text);
}

struct cb_team *check_team(size_t threads, size_t scratch_bytes)
{
    struct cb_team *team;
    struct cb_error err;
    if (cb_team_create(&team, threads, scratch_bytes, &err) != CB_OK) die(err.text);
    return team;
}
