#include <stdint.h>
#include <unistd.h>

#include "core/ops.h"
#include "gemm/pack.h"

/* Goto & van de Geijn's blocking, with the roles that row-major C asks for: a narrow panel of A (kc x mr) stays in L1
 * while the panels of a block of B (kc x nb) stream past it from L2; the packed blocks of A (kc x mc) and B (kc x nc)
 * live in L3 and are shared by all threads. The k blocks of one c run in order, each continuing from the stored c, so
 * that blocking changes no bit. */
struct blocking {
    size_t mr, nr, kc, nb, mc, nc;
};

static size_t min_size(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t ceil_div(size_t a, size_t b)
{
    return (a + b - 1) / b;
}

/* The largest block of at most limit (but at least one unit), in whole units, that cuts len into nearly equal blocks.
 */
static size_t even_block(size_t len, size_t limit, size_t unit)
{
    size_t most = limit < unit ? unit : limit - limit % unit;
    size_t blocks = ceil_div(len, most);
    return blocks ? ceil_div(ceil_div(len, blocks), unit) * unit : unit;
}

static struct blocking choose_blocking(const struct cb_gemm *g, const struct cb_cache_sizes *caches, size_t threads)
{
    size_t l1 = caches->l1_bytes ? caches->l1_bytes : (size_t)32 << 10;
    size_t l2 = caches->l2_bytes ? caches->l2_bytes : (size_t)1 << 20;
    size_t l3 = caches->l3_bytes ? caches->l3_bytes : (size_t)16 << 20;
    struct blocking s;
    cb_ops()->gemm_f32_tile_size(&s.mr, &s.nr);
    /* Half of L1 for the panel of A, half of L2 for the block of B; the other halves are for what streams past. More
     * than 512 steps of k no longer make the loads and stores of C cheaper, but would narrow the block of B. */
    s.kc = even_block(g->k, min_size(l1 / 2 / (s.mr * sizeof(float)), 512), 1);
    s.nb = even_block(g->n, l2 / 2 / (s.kc * sizeof(float)), s.nr);
    /* A flat C has few panels of A: then the columns are what the threads share. */
    if (ceil_div(g->m, s.mr) < 8 * threads) s.nb = min_size(s.nb, even_block(g->n, ceil_div(g->n, threads), s.nr));
    s.nc = even_block(g->n, l3 / 2 / (s.kc * sizeof(float)), s.nb);
    s.mc = even_block(g->m, l3 / 4 / (s.kc * sizeof(float)), s.mr);
    return s;
}

struct cb_cache_sizes cb_cache_sizes_detect(void)
{
    struct cb_cache_sizes sizes = {0};
#ifdef _SC_LEVEL1_DCACHE_SIZE
    long l1 = sysconf(_SC_LEVEL1_DCACHE_SIZE), l2 = sysconf(_SC_LEVEL2_CACHE_SIZE), l3 = sysconf(_SC_LEVEL3_CACHE_SIZE);
    if (l1 > 0) sizes.l1_bytes = (size_t)l1;
    if (l2 > 0) sizes.l2_bytes = (size_t)l2;
    if (l3 > 0) sizes.l3_bytes = (size_t)l3;
#endif
    return sizes;
}

static size_t packed_len(size_t width, size_t unit, size_t kc)
{
    return width / unit * cb_panel_len(unit, kc);
}

size_t cb_gemm_workspace_bytes(const struct cb_gemm *args, const struct cb_cache_sizes *caches, size_t threads)
{
    struct blocking s = choose_blocking(args, caches, threads);
    return (packed_len(s.mc, s.mr, s.kc) + packed_len(s.nc, s.nr, s.kc)) * sizeof(float);
}

/* One step of the outer loops: C[i0.., j0..] (m x n) (+)= A[i0.., k0..] (m x k) * B[k0.., j0..] (k x n). */
struct step {
    const struct cb_gemm *g;
    struct blocking s;
    cb_gemm_tile_fn *tile;
    size_t i0, j0, k0, m, n, k, pieces;
    int pack_b;
    float *a, *b; /* packed panels */
};

static void pack_piece(void *context, size_t piece, void *scratch)
{
    (void)scratch;
    const struct step *t = context;
    const struct cb_gemm *g = t->g;
    struct cb_pack a = {.unit = t->s.mr, .width = t->m, .k = t->k, .ld = g->lda, .k_major = g->a_transposed};
    a.src = g->a + (g->a_transposed ? t->k0 * g->lda + t->i0 : t->i0 * g->lda + t->k0);
    cb_pack_panels(&a, t->a, piece, t->pieces);
    if (!t->pack_b) return;
    struct cb_pack b = {.unit = t->s.nr, .width = t->n, .k = t->k, .ld = g->ldb, .k_major = !g->b_transposed};
    b.src = g->b + (g->b_transposed ? t->j0 * g->ldb + t->k0 : t->k0 * g->ldb + t->j0);
    cb_pack_panels(&b, t->b, piece, t->pieces);
}

/* The next tile's C: its rows are far apart, so no hardware prefetcher sees them coming, and its first fma waits for
 * them. */
static void prefetch_c(const float *c, size_t rows, size_t ldc, size_t bytes)
{
    for (size_t i = 0; i < rows; i++)
        for (size_t at = 0; at < bytes; at += 64) __builtin_prefetch((const char *)(c + i * ldc) + at, 0, 2);
}

/* A share of the next panel of A, which comes from L3: to L2, while the tiles before it are computed. */
static void prefetch_a(const float *panel, size_t len, size_t piece, size_t pieces)
{
    for (size_t at = piece * len / pieces; at < (piece + 1) * len / pieces; at += 16)
        __builtin_prefetch(panel + at, 0, 2);
}

/* One panel of A against one block of B. Tasks run through the panels of A first: the block of B stays in L2. */
static void multiply_panel(void *context, size_t task, void *scratch)
{
    (void)scratch;
    const struct step *t = context;
    size_t mr = t->s.mr, nr = t->s.nr, panels = ceil_div(t->m, mr);
    size_t i = task % panels * mr, first = task / panels * t->s.nb, end = min_size(first + t->s.nb, t->n);
    size_t ldc = t->g->ldc, a_len = cb_panel_len(mr, t->k);
    struct cb_gemm_tile tile = {.mr = min_size(mr, t->m - i), .k = t->k, .ldc = ldc};
    tile.accumulate = t->g->accumulate || t->k0 > 0;
    tile.a = t->a + i / mr * a_len;
    for (size_t j = first; j < end; j += nr) {
        tile.nr = min_size(nr, t->n - j);
        tile.b = t->b + j / nr * cb_panel_len(nr, t->k);
        tile.c = t->g->c + (t->i0 + i) * ldc + t->j0 + j;
        prefetch_a(tile.a + a_len, a_len, (j - first) / nr, ceil_div(end - first, nr));
        if (j + nr < end) prefetch_c(tile.c + nr, tile.mr, ldc, min_size(nr, end - j - nr) * sizeof(float));
        t->tile(&tile);
    }
}

static enum cb_status check_operand(const char *name, size_t rows, size_t columns, size_t ld, struct cb_error *err)
{
    if (rows > 1 && ld < columns)
        return cb_fail(err, CB_BAD_INPUT, "gemm: ld%s: expected at least %zu, the length of a stored row, got %zu",
                       name, columns, ld);
    if (rows > 0 && ld > 0 && rows > SIZE_MAX / sizeof(float) / ld)
        return cb_fail(err, CB_BAD_INPUT, "gemm: %s of %zu rows, %zu apart, does not fit the address space", name, rows,
                       ld);
    return CB_OK;
}

static enum cb_status check(const struct cb_gemm *g, struct cb_error *err)
{
    enum cb_status status =
        check_operand("a", g->a_transposed ? g->k : g->m, g->a_transposed ? g->m : g->k, g->lda, err);
    if (!status) status = check_operand("b", g->b_transposed ? g->n : g->k, g->b_transposed ? g->k : g->n, g->ldb, err);
    if (!status) status = check_operand("c", g->m, g->n, g->ldc, err);
    return status;
}

enum cb_status cb_gemm(struct cb_team *team, const struct cb_gemm *args, const struct cb_cache_sizes *caches,
                       void *workspace, struct cb_error *err)
{
    enum cb_status status = check(args, err);
    if (status) return status;
    size_t threads = cb_team_threads(team);
    struct step t = {
        .g = args, .s = choose_blocking(args, caches, threads), .tile = cb_ops()->gemm_f32_tile, .pieces = threads};
    t.a = workspace;
    t.b = t.a + packed_len(t.s.mc, t.s.mr, t.s.kc);
    for (t.j0 = 0; t.j0 < args->n; t.j0 += t.s.nc) {
        t.n = min_size(t.s.nc, args->n - t.j0);
        t.k0 = 0;
        do { /* once even for k = 0: C becomes 0 */
            t.k = min_size(t.s.kc, args->k - t.k0);
            for (t.i0 = 0; t.i0 < args->m; t.i0 += t.s.mc) {
                t.m = min_size(t.s.mc, args->m - t.i0);
                t.pack_b = t.i0 == 0;
                cb_team_run(team, threads, pack_piece, &t);
                cb_team_run(team, ceil_div(t.m, t.s.mr) * ceil_div(t.n, t.s.nb), multiply_panel, &t);
            }
            t.k0 += t.s.kc;
        } while (t.k0 < args->k);
    }
    return CB_OK;
}
