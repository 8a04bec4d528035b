#include "test/data.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/bf16.h"

/* SGEMM. The reference is the plain triple loop: every c is one chain of fma over k in order. Both sides get a whole C,
 * with the gaps between its rows, so that a write beside the matrix is a difference. */

static void plain_gemm(const struct cb_gemm *g)
{
    for (size_t i = 0; i < g->m; i++)
        for (size_t j = 0; j < g->n; j++) {
            float c = g->accumulate ? g->c[i * g->ldc + j] : 0;
            for (size_t k = 0; k < g->k; k++) {
                float a = g->a[g->a_transposed ? k * g->lda + i : i * g->lda + k];
                float b = g->b[g->b_transposed ? j * g->ldb + k : k * g->ldb + j];
                c = __builtin_fmaf(a, b, c);
            }
            g->c[i * g->ldc + j] = c;
        }
}

/* Floats, or as many pairs of bf16. */
static float *filled_operand(size_t n, enum cb_format format, enum check_fill fill, uint64_t seed)
{
    float *p = check_floats(n);
    check_fill_stored(p, format, n * sizeof *p / cb_format_bytes(format), fill, seed);
    return p;
}

static cb_gemm_tile_size_fn *tile_size_of(enum cb_isa isa, enum cb_format format)
{
    return format == CB_BF16 ? cb_ops_of(isa)->gemm_bf16_tile_size : cb_ops_of(isa)->gemm_f32_tile_size;
}

/* --- panels of A, and such that are wrong on purpose --- */

/* The same of pairs, as cb_gemm_bf16_panels__scalar has it. */
static void plain_pairs(const struct cb_gemm_panels *p, float *c)
{
    struct cb_gemm_panels plain = *p;
    plain.c = c;
    cb_gemm_bf16_tile_size__scalar(CB_GEMM_WIDE, &(size_t){0}, &plain.b_panel);
    cb_gemm_bf16_panels__scalar(&plain);
}

static void compare_panels(cb_gemm_panels_fn *panels, struct cb_gemm_panels p, bool packs, enum cb_format format,
                           enum check_fill fill)
{
    CHECK_COMPARED(panels);
    check_at("panels m=%zu mr=%zu n=%zu k=%zu lda=%zu ldb=%zu ldc=%zu accumulate=%d packs=%d fill=%d", p.m, p.mr, p.n,
             p.k, p.lda, p.ldb, p.ldc, p.accumulate, packs, (int)fill);
    size_t len = (p.m - 1) * p.ldc + p.n;
    float *a = filled_operand((p.m - 1) * p.lda + p.k, format, fill, 1), *got = filled(len, fill, 3);
    float *b = filled_operand((p.k - 1) * p.ldb + p.n, format, fill, 2);
    float *want = check_copy(got, len);
    p.a = a;
    p.b = b;
    if (format == CB_BF16)
        plain_pairs(&p, want);
    else
        plain_gemm(&(struct cb_gemm){p.m, p.n, p.k, a, b, want, p.lda, p.ldb, p.ldc, 0, 0, p.accumulate});
    p.c = got;
    float *packed = packs ? filled(p.n * p.k, fill, 4) : NULL;
    p.packed_b = packed;
    panels(&p);
    check_equal("c", got, want, len);
    if (packed) {
        float *want_packed = check_floats(p.n * p.k);
        for (size_t j = 0; j < p.n; j++)
            for (size_t k = 0; k < p.k; k++)
                memcpy(want_packed + (j / p.b_panel * p.k + k) * p.b_panel + j % p.b_panel, b + k * p.ldb + j,
                       sizeof *b);
        check_equal("packed b", packed, want_packed, p.n * p.k);
    }
    check_release();
}

/* Up to four panels, the last one of any height; up to two tiles and a column; B in place. */
static void compare_wide_panels(cb_gemm_panels_fn *panels, enum cb_format format, size_t unit_m, size_t unit_n)
{
    static const size_t ks[] = {1, 2, 3, 19, 64, 71, 167}, row_steps[] = {1, 4, 24, 200};
    for (size_t mr = 1; mr <= unit_m; mr++)
        for (size_t n = 1; n <= 2 * unit_n + 1; n++)
            for (int accumulate = 0; accumulate < 2; accumulate++) {
                uint64_t pick = check_random(5, (mr * unit_n * 2 + n) * 2 + (size_t)accumulate);
                size_t ldc = n + (pick & 1 ? 0 : pick >> 1 & 31);
                bool packs = n % unit_n == 0 && pick >> 30 & 1;
                struct cb_gemm_panels p = {.mr = mr, .n = n, .b_panel = unit_n, .ldc = ldc, .accumulate = accumulate};
                p.m = pick >> 31 & 1 ? mr : 1 + (pick >> 40) % (packs ? mr : 4 * mr);
                p.k = ks[(pick >> 8) % (sizeof ks / sizeof *ks)];
                p.row_steps = row_steps[pick >> 35 & 3];
                p.lda = p.k + (pick >> 24 & 7);
                p.ldb = n + (pick >> 27 & 7);
                compare_panels(panels, p, packs, format, (enum check_fill)((pick >> 16) % (CHECK_SPECIALS + 1)));
            }
}

/* All heights of the tall tile, where the ISA has one; up to two tiles and a column. */
static void compare_tall_panels(cb_gemm_panels_fn *panels, enum cb_format format, size_t wide_m, size_t tall_m,
                                size_t unit_n)
{
    for (size_t m = wide_m + 1; m <= tall_m; m++)
        for (size_t n = 1; n <= 2 * unit_n + 1; n++) {
            uint64_t pick = check_random(6, m * unit_n * 2 + n);
            struct cb_gemm_panels p = {.m = m, .mr = m, .n = n, .k = 1 + pick % 40, .b_panel = unit_n};
            p.tile = CB_GEMM_TALL;
            p.accumulate = pick >> 8 & 1;
            p.row_steps = 1024;
            p.lda = p.k + (pick >> 9 & 7);
            p.ldb = n + (pick >> 12 & 7);
            p.ldc = n + (pick >> 15 & 7);
            compare_panels(panels, p, false, format, (enum check_fill)((pick >> 18) % (CHECK_SPECIALS + 1)));
        }
}

static void compare_all_panels(enum cb_isa isa, cb_gemm_panels_fn *panels, enum cb_format format)
{
    size_t mr, nr, tall_mr, tall_nr;
    cb_gemm_tile_size_fn *tile_size = tile_size_of(isa, format);
    CHECK_COMPARED(tile_size); /* by what its panels, which are held against the reference, can do */
    tile_size(CB_GEMM_WIDE, &mr, &nr);
    tile_size(CB_GEMM_TALL, &tall_mr, &tall_nr);
    compare_wide_panels(panels, format, mr, nr);
    compare_tall_panels(panels, format, mr, tall_mr, tall_nr);
}

enum { WRONG_MR = 4, WRONG_NR = 4, WRONG_M = 4 * WRONG_MR, WRONG_N = 2 * WRONG_NR + 1 };

static void panels_of_mul_add(const struct cb_gemm_panels *p)
{
    for (size_t i = 0; i < p->m; i++)
        for (size_t j = 0; j < p->n; j++) {
            float c = p->accumulate ? p->c[i * p->ldc + j] : 0;
            for (size_t k = 0; k < p->k; k++) {
                float product = p->a[i * p->lda + k] * p->b[k * p->ldb + j];
                c += product;
            }
            p->c[i * p->ldc + j] = c;
        }
}

static void panels_adding_c_last(const struct cb_gemm_panels *p)
{
    float product[WRONG_M * WRONG_N];
    struct cb_gemm_panels from_zero = *p;
    from_zero.accumulate = 0;
    from_zero.c = product;
    from_zero.ldc = WRONG_N;
    cb_gemm_f32_panels__scalar(&from_zero);
    for (size_t i = 0; i < p->m; i++)
        for (size_t j = 0; j < p->n; j++)
            p->c[i * p->ldc + j] = product[i * WRONG_N + j] + (p->accumulate ? p->c[i * p->ldc + j] : 0);
}

static void panels_from_the_last_k(const struct cb_gemm_panels *p)
{
    struct cb_gemm_panels step = *p;
    step.k = 1;
    for (size_t k = p->k; k-- > 0; step.accumulate = 1) {
        step.a = p->a + k;
        step.b = p->b + k * p->ldb;
        cb_gemm_f32_panels__scalar(&step);
    }
}

static void panels_without_the_last_k(const struct cb_gemm_panels *p)
{
    struct cb_gemm_panels shorter = *p;
    shorter.k--;
    cb_gemm_f32_panels__scalar(&shorter);
}

static void panels_of_the_first_columns(const struct cb_gemm_panels *p)
{
    struct cb_gemm_panels first = *p;
    first.b_panel = 0;
    cb_gemm_f32_panels__scalar(&first);
}

static void panels_without_the_last_one(const struct cb_gemm_panels *p)
{
    struct cb_gemm_panels fewer = *p;
    if (fewer.m > fewer.mr) fewer.m -= fewer.mr;
    cb_gemm_f32_panels__scalar(&fewer);
}

static void panels_without_a_copy(const struct cb_gemm_panels *p)
{
    struct cb_gemm_panels only = *p;
    only.packed_b = NULL;
    cb_gemm_f32_panels__scalar(&only);
}

static void panels_with_a_column_more(const struct cb_gemm_panels *p)
{
    struct cb_gemm_panels wider = *p;
    if (wider.n < WRONG_N) wider.n++;
    cb_gemm_f32_panels__scalar(&wider);
}

static void test_wrong_panels(void)
{
    static const struct {
        const char *name;
        cb_gemm_panels_fn *panels;
    } wrong[] = {
        {"multiplies, then adds", panels_of_mul_add},
        {"adds the old c last", panels_adding_c_last},
        {"takes k in reverse", panels_from_the_last_k},
        {"forgets the last k", panels_without_the_last_k},
        {"takes the first columns of B for all", panels_of_the_first_columns},
        {"leaves out the last panel", panels_without_the_last_one},
        {"leaves no copy of B", panels_without_a_copy},
        {"stores a column too many", panels_with_a_column_more},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        check_begin_must_fail(CB_ISA_SCALAR, "a gemm_f32_panels that %s", wrong[i].name);
        compare_wide_panels(wrong[i].panels, CB_F32, WRONG_MR, WRONG_NR);
        check_end();
    }
}

/* --- the whole product --- */

/* From "everything in one block" to "two panels fit". */
static const struct cb_cache_sizes cache_sizes[] = {
    {0, 0, 0}, {4096, 16384, 65536}, {512, 1024, 16384}, {1024, 4096, 4096}};
enum { CACHES = sizeof cache_sizes / sizeof *cache_sizes };

static void compare_gemm(struct cb_team *team, struct cb_gemm g, const struct cb_cache_sizes *caches,
                         enum check_fill fill)
{
    check_at("m=%zu n=%zu k=%zu lda=%zu ldb=%zu ldc=%zu at=%d bt=%d accumulate=%d L2=%zu threads=%zu fill=%d", g.m, g.n,
             g.k, g.lda, g.ldb, g.ldc, g.a_transposed, g.b_transposed, g.accumulate, caches->l2_bytes,
             cb_team_threads(team), (int)fill);
    size_t a_rows = g.a_transposed ? g.k : g.m, a_columns = g.a_transposed ? g.m : g.k;
    size_t b_rows = g.b_transposed ? g.n : g.k, b_columns = g.b_transposed ? g.k : g.n;
    size_t len = (g.m - 1) * g.ldc + g.n;
    g.a = filled(a_rows ? (a_rows - 1) * g.lda + a_columns : 0, fill, 1);
    g.b = filled(b_rows ? (b_rows - 1) * g.ldb + b_columns : 0, fill, 2);
    float *got = filled(len, fill, 3), *want = check_copy(got, len);
    g.c = want;
    plain_gemm(&g);
    g.c = got;
    void *workspace = check_bytes(cb_gemm_workspace_bytes(&g, caches, cb_team_threads(team)));
    struct cb_error err;
    check_true(cb_gemm(team, &g, caches, workspace, &err) == CB_OK, "cb_gemm succeeds");
    check_equal("c", got, want, len);
    check_release();
}

/* --- the whole product of bf16 --- */

static void plain_gemm_bf16(const struct cb_gemm_bf16 *g)
{
    for (size_t i = 0; i < g->m; i++)
        for (size_t j = 0; j < g->n; j++) {
            float c = g->accumulate ? g->c[i * g->ldc + j] : 0;
            for (size_t k = 0; k < g->k; k += 2) {
                float a[2] = {0}, b[2] = {0};
                for (size_t p = 0; p < 2 && k + p < g->k; p++) {
                    a[p] = cb_bf16_value(g->a[g->a_transposed ? (k + p) * g->lda + i : i * g->lda + k + p]);
                    b[p] = cb_bf16_value(g->b[g->b_transposed ? j * g->ldb + k + p : (k + p) * g->ldb + j]);
                }
                c = cb_bf16_dot2(a[0], a[1], b[0], b[1], c);
            }
            g->c[i * g->ldc + j] = c;
        }
}

/* The same sizes as a product of bf16. shift: elements that A and B lie off a multiple of 4 bytes. */
static void compare_gemm_bf16(struct cb_team *team, const struct cb_gemm *as, const struct cb_cache_sizes *caches,
                              enum check_fill fill, size_t shift)
{
    struct cb_gemm_bf16 g = {.m = as->m,
                             .n = as->n,
                             .k = as->k,
                             .lda = as->lda,
                             .ldb = as->ldb,
                             .ldc = as->ldc,
                             .a_transposed = as->a_transposed,
                             .b_transposed = as->b_transposed,
                             .accumulate = as->accumulate};
    check_at(
        "bf16 m=%zu n=%zu k=%zu lda=%zu ldb=%zu ldc=%zu at=%d bt=%d accumulate=%d L2=%zu threads=%zu fill=%d shift=%zu",
        g.m, g.n, g.k, g.lda, g.ldb, g.ldc, g.a_transposed, g.b_transposed, g.accumulate, caches->l2_bytes,
        cb_team_threads(team), (int)fill, shift);
    size_t a_rows = g.a_transposed ? g.k : g.m, a_columns = g.a_transposed ? g.m : g.k;
    size_t b_rows = g.b_transposed ? g.n : g.k, b_columns = g.b_transposed ? g.k : g.n;
    size_t len = (g.m - 1) * g.ldc + g.n;
    g.a = (uint16_t *)filled_stored(CB_BF16, shift + (a_rows ? (a_rows - 1) * g.lda + a_columns : 0), fill, 1) + shift;
    g.b = (uint16_t *)filled_stored(CB_BF16, shift + (b_rows ? (b_rows - 1) * g.ldb + b_columns : 0), fill, 2) + shift;
    float *got = filled(len, fill, 3), *want = check_copy(got, len);
    g.c = want;
    plain_gemm_bf16(&g);
    g.c = got;
    void *workspace = check_bytes(cb_gemm_bf16_workspace_bytes(&g, caches, cb_team_threads(team)));
    struct cb_error err;
    check_true(cb_gemm_bf16(team, &g, caches, workspace, &err) == CB_OK, "cb_gemm_bf16 succeeds");
    check_equal("c", got, want, len);
    check_release();
}

/* Sizes around the tile's own, primes and 1. */
static size_t awkward(uint64_t pick, size_t unit)
{
    const size_t sizes[] = {1, 2, 7, unit - 1, unit, unit + 1, 2 * unit + 1, 3 * unit - 1, 16, 48, 53, 97, 131};
    return sizes[pick % (sizeof sizes / sizeof *sizes)];
}

static void test_products(enum cb_isa isa)
{
    enum { CASES = 80 };
    size_t mr, nr;
    cb_ops_of(isa)->gemm_f32_tile_size(CB_GEMM_WIDE, &mr, &nr);
    check_select(isa);
    for (size_t t = 0; t < CHECK_TEAMS; t++) {
        check_begin(isa, "gemm, %zu threads", check_threads[t]);
        struct cb_team *team = check_team(check_threads[t], 0);
        for (size_t i = 0; i < CASES; i++) {
            uint64_t pick = check_random(7 + t, i), gaps = check_random(70 + t, i);
            struct cb_gemm g = {
                .m = awkward(pick >> 8, mr), .n = awkward(pick >> 16, nr), .k = awkward(pick >> 24, 17)};
            if (i % 16 == 0) g.m *= 4, g.n *= 2; /* else mostly too little for a second thread */
            g.a_transposed = (int)(pick & 1);
            g.b_transposed = (int)(pick >> 1 & 1);
            g.accumulate = (int)(pick >> 2 & 1);
            g.lda = (g.a_transposed ? g.m : g.k) + gaps % 5;
            g.ldb = (g.b_transposed ? g.k : g.n) + gaps / 5 % 5;
            g.ldc = g.n + gaps / 25 % 5;
            const struct cb_cache_sizes *caches = &cache_sizes[(pick >> 3) % CACHES];
            enum check_fill fill = (enum check_fill)((pick >> 32) % (CHECK_SPECIALS + 1));
            if (CHECK_IS_OWN(isa, gemm_f32_panels)) compare_gemm(team, g, caches, fill);
            compare_gemm_bf16(team, &g, caches, fill, pick >> 40 & 1);
        }
        cb_team_destroy(team);
        check_end();
    }
}

/* Where the paths part: B in place or packed (many panels of A), A in place or copied (rows a multiple of 2 KiB apart).
 */
static void test_paths(enum cb_isa isa)
{
    size_t mr, nr;
    cb_ops_of(isa)->gemm_f32_tile_size(CB_GEMM_WIDE, &mr, &nr);
    check_select(isa);
    for (size_t threads = 1; threads <= 3; threads++) {
        check_begin(isa, "gemm in place and packed, %zu threads", threads);
        struct cb_team *team = check_team(threads, 0);
        for (size_t i = 0; i < 64; i++) {
            size_t m = 16 * mr * threads + (i & 1 ? 0 : threads), n = 16 * (i & 2 ? 3 : threads * nr / 3 + 1);
            if (i & 32) n -= 1 + i % 15;
            size_t k = 37, lda = i & 4 ? 512 : k;
            struct cb_gemm g = {.m = m, .n = n, .k = k, .lda = lda, .ldb = n, .ldc = n, .accumulate = i >> 3 & 1};
            if (i & 16) { /* flat: the threads share the columns */
                g.m = i & 1 ? 2 : i & 2 ? mr + 2 : threads * mr + 1;
                g.ldb += 3;
            }
            if (CHECK_IS_OWN(isa, gemm_f32_panels)) compare_gemm(team, g, &cache_sizes[i % CACHES], CHECK_SPECIALS);
            compare_gemm_bf16(team, &g, &cache_sizes[i % CACHES], CHECK_SPECIALS, 0);
        }
        cb_team_destroy(team);
        check_end();
    }
}

/* Memory before a page that cannot be read. */
struct last_bytes {
    void *pages, *at;
    size_t bytes;
};

static struct last_bytes last_bytes(size_t bytes)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE), room = (bytes + page - 1) / page * page;
    struct last_bytes l = {.bytes = room + page};
    l.pages = mmap(NULL, l.bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    check_true(l.pages != MAP_FAILED && mprotect((char *)l.pages + room, page, PROT_NONE) == 0, "pages are mapped");
    l.at = (char *)l.pages + room - bytes;
    return l;
}

static struct last_bytes last_numbers(enum cb_format format, size_t n, uint64_t seed)
{
    struct last_bytes l = last_bytes(n * cb_format_bytes(format));
    check_fill_stored(l.at, format, n, CHECK_NORMAL, seed);
    return l;
}

static void multiply_at_ends(struct cb_team *team, struct cb_gemm g)
{
    check_at("m=%zu n=%zu", g.m, g.n);
    struct last_bytes a = last_numbers(CB_F32, g.m * g.k, 1), b = last_numbers(CB_F32, g.k * g.n, 2);
    struct last_bytes c = last_numbers(CB_F32, g.m * g.n, 3);
    g.a = a.at, g.b = b.at;
    float *want = check_floats(g.m * g.n);
    g.c = want;
    plain_gemm(&g);
    g.c = c.at;
    struct cb_error err;
    void *workspace = check_bytes(cb_gemm_workspace_bytes(&g, &cache_sizes[0], 2));
    check_true(cb_gemm(team, &g, &cache_sizes[0], workspace, &err) == CB_OK, "cb_gemm succeeds");
    check_equal("c", c.at, want, g.m * g.n);
    munmap(a.pages, a.bytes), munmap(b.pages, b.bytes), munmap(c.pages, c.bytes);
    check_release();
}

static void multiply_bf16_at_ends(struct cb_team *team, struct cb_gemm_bf16 g)
{
    check_at("bf16 m=%zu n=%zu k=%zu bt=%d", g.m, g.n, g.k, g.b_transposed);
    struct last_bytes a = last_numbers(CB_BF16, g.m * g.k, 1), b = last_numbers(CB_BF16, g.k * g.n, 2);
    struct last_bytes c = last_numbers(CB_F32, g.m * g.n, 3);
    g.a = a.at, g.b = b.at;
    float *want = check_floats(g.m * g.n);
    g.c = want;
    plain_gemm_bf16(&g);
    g.c = c.at;
    struct cb_error err;
    void *workspace = check_bytes(cb_gemm_bf16_workspace_bytes(&g, &cache_sizes[0], 2));
    check_true(cb_gemm_bf16(team, &g, &cache_sizes[0], workspace, &err) == CB_OK, "cb_gemm_bf16 succeeds");
    check_equal("c", c.at, want, g.m * g.n);
    munmap(a.pages, a.bytes), munmap(b.pages, b.bytes), munmap(c.pages, c.bytes);
    check_release();
}

/* A read beyond an operand's end ends the program. */
static void test_memory_ends(enum cb_isa isa)
{
    static const size_t ms[] = {1, 13, 128, 300}, ns[] = {1, 2, 3, 5, 7, 10, 15, 17, 31, 33};
    check_select(isa);
    check_begin(isa, "gemm reads and writes nothing behind A, B and C");
    struct cb_team *team = check_team(2, 0);
    for (size_t i = 0; i < 40; i++) {
        size_t m = ms[i % 4], n = ns[i / 4];
        if (CHECK_IS_OWN(isa, gemm_f32_panels))
            multiply_at_ends(team, (struct cb_gemm){.m = m, .n = n, .k = 19, .lda = 19, .ldb = n, .ldc = n});
        for (size_t k = 18; k < 20; k++) { /* operands of whole pairs are read where they are */
            multiply_bf16_at_ends(team, (struct cb_gemm_bf16){.m = m, .n = n, .k = k, .lda = k, .ldb = n, .ldc = n});
            multiply_bf16_at_ends(
                team, (struct cb_gemm_bf16){.m = m, .n = n, .k = k, .lda = k, .ldb = k, .ldc = n, .b_transposed = 1});
        }
    }
    cb_team_destroy(team);
    check_end();
}

static void test_edges(void)
{
    check_select(CB_ISA_SCALAR);
    struct cb_team *team = check_team(2, 0);
    check_begin(CB_ISA_SCALAR, "gemm with k = 0");
    compare_gemm(team, (struct cb_gemm){.m = 5, .n = 7, .k = 0, .ldb = 7, .ldc = 7}, &cache_sizes[0], CHECK_SPECIALS);
    compare_gemm(team, (struct cb_gemm){.m = 5, .n = 999, .k = 0, .ldb = 999, .ldc = 999}, &cache_sizes[2],
                 CHECK_SPECIALS); /* more columns than a block of B */
    compare_gemm(team, (struct cb_gemm){.m = 5, .n = 7, .k = 0, .ldb = 7, .ldc = 9, .accumulate = 1}, &cache_sizes[0],
                 CHECK_SPECIALS);
    compare_gemm_bf16(team, &(struct cb_gemm){.m = 5, .n = 7, .k = 0, .ldb = 7, .ldc = 7}, &cache_sizes[0],
                      CHECK_SPECIALS, 0);
    check_end();

    check_begin(CB_ISA_SCALAR, "gemm refuses what cannot be");
    static const struct {
        struct cb_gemm g;
        const char *message;
    } refused[] = {
        {{.m = 4, .n = 5, .k = 6, .lda = 5, .ldb = 5, .ldc = 5}, "lda: expected at least 6"},
        {{.m = 4, .n = 5, .k = 6, .lda = 4, .ldb = 5, .ldc = 5, .b_transposed = 1, .a_transposed = 1},
         "ldb: expected at least 6"},
        {{.m = 4, .n = 5, .k = 6, .lda = 6, .ldb = 5, .ldc = 4}, "ldc: expected at least 5"},
        {{.m = SIZE_MAX / 8, .n = 5, .k = 6, .lda = 6, .ldb = 5, .ldc = 5}, "does not fit the address space"},
    };
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        struct cb_error err = {""};
        check_true(cb_gemm(team, &refused[i].g, &cache_sizes[0], NULL, &err) == CB_BAD_INPUT, "case %zu is bad input",
                   i);
        check_true(strstr(err.text, refused[i].message) != NULL, "case %zu: '%s' in '%s'", i, refused[i].message,
                   err.text);
    }
    check_end();
    cb_team_destroy(team);
}

int main(void)
{
    CHECK_EACH_ISA(isa)
    {
        if (CHECK_IS_OWN(isa, gemm_f32_panels)) {
            check_begin(isa, "gemm_f32_panels");
            compare_all_panels(isa, cb_ops_of(isa)->gemm_f32_panels, CB_F32);
            check_end();
        }
        check_begin(isa, "gemm_bf16_panels");
        compare_all_panels(isa, cb_ops_of(isa)->gemm_bf16_panels, CB_BF16);
        check_end();
        test_products(isa);
        test_paths(isa);
        test_memory_ends(isa);
    }
    test_edges();
    test_wrong_panels();
    CHECK_EACH_SIMD(isa)
    {
        check_begin(isa, "every operation of gemm.inc is compared");
#define CB_OP(name, ...) CHECK_WAS_COMPARED(isa, name)
#define CB_OP_BF16 CB_OP
#include "gemm/gemm.inc"
#undef CB_OP
#undef CB_OP_BF16
        check_end();
    }
    return check_finish();
}
