#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "core/ops.h"
#include "gemm/pack.h"
#include "gemm/run.h"

/* Each thread computes a rectangle of C on its own. Within it, Goto & van de Geijn's blocking with the roles that
 * row-major C asks for: a panel of A (mr x kc) stays near L1 while the panels of a packed block of B (kc x nb) stream
 * past it from L2. The k blocks of one c run in order, each continuing from the stored c, so blocking changes no
 * bit. */
enum {
    LINE = 16,        /* floats */
    MOST_STEPS = 512, /* of k in a block: a longer one hardly saves loads and stores of C, but narrows B's block */
    NO_ROWS = 2 * MOST_STEPS /* for row_steps: no row is prefetched within a block */
};

struct gemm_plan {
    struct cb_gemm_ops ops;
    enum cb_gemm_tile tile;
    size_t mr, nr, kc, nb;
    size_t shares_m, shares_n; /* the grid of rectangles */
    bool copy_a, pack_b;       /* else read in place */
    bool prefetch_b;           /* during the block before */
    size_t row_steps;          /* steps of k between the rows that are prefetched */
    size_t a_ld;               /* of a copied panel of A */
    size_t a_panel;            /* between copied panels; 0: they take turns in one place */
    size_t a_len, piece_len;   /* of a thread's workspace: copies of A, all of it */
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

/* Rows a multiple of 2 KiB apart share a few sets of L1. */
static bool wants_copy_of_a(const struct cb_gemm *g)
{
    return g->a_transposed || g->lda % 512 == 0;
}

static bool shares_sets(const struct cb_gemm *g)
{
    return g->ldb % 512 == 0 && g->k > 16;
}

/* The grid with the least work, a row of a tile being its unit; among equals, the one that reads least of A and B; then
 * the one with the fewest columns, as hardware prefetchers of threads that share a row of C fetch each other's
 * lines. */
static void choose_grid(struct gemm_plan *p, const struct cb_gemm *g, size_t threads)
{
    size_t least_work = SIZE_MAX, least_reads = SIZE_MAX;
    for (size_t shares_m = threads; shares_m > 0; shares_m--) {
        if (threads % shares_m) continue;
        size_t m = ceil_div(g->m, shares_m), n = ceil_div(g->n, threads / shares_m);
        size_t work = m * ceil_div(n, p->nr);
        if (work > least_work || (work == least_work && m + n >= least_reads)) continue;
        least_work = work;
        least_reads = m + n;
        p->shares_m = shares_m;
        p->shares_n = threads / shares_m;
    }
}

/* Floats of a panel of A and of a block of B: three quarters of L1 and half of L2, the rest being for what streams
 * past. */
static size_t a_room(const struct cb_cache_sizes *caches)
{
    return (caches->l1_bytes ? caches->l1_bytes : (size_t)32 << 10) / 4 * 3 / sizeof(float);
}

static size_t b_room(const struct cb_cache_sizes *caches)
{
    return (caches->l2_bytes ? caches->l2_bytes : (size_t)1 << 20) / 2 / sizeof(float);
}

static void take_tile(struct gemm_plan *p, enum cb_gemm_tile tile)
{
    p->tile = tile;
    p->ops.tile_size(tile, &p->mr, &p->nr);
}

/* The tall tile serves where it holds all rows of each rectangle: then no second panel of A meets B. */
static void choose_tile(struct gemm_plan *p, const struct cb_gemm *g)
{
    if (g->m / p->shares_m <= p->mr || g->n <= p->nr) return;
    take_tile(p, CB_GEMM_TALL);
    if (ceil_div(g->m, p->shares_m) > p->mr) take_tile(p, CB_GEMM_WIDE);
}

/* Threads that have enough to do: to wake one takes as long as some thousand operations of all lanes of a tile. */
static double most_threads(const struct cb_gemm *g, size_t nr)
{
    return 2. * (double)g->m * (double)g->n * (double)g->k / (5e3 * (double)nr);
}

/* One block for one thread, everything in place: planning would take as long as the product. */
static bool needs_no_plan(const struct cb_gemm *g, const struct cb_cache_sizes *caches, const struct gemm_plan *p)
{
    return most_threads(g, p->nr) < 2 && !g->a_transposed && !g->b_transposed && g->m <= 16 * p->mr &&
           g->n <= 4 * p->nr && g->k <= MOST_STEPS && !shares_sets(g) && p->mr * g->k <= a_room(caches) &&
           g->k * g->n <= b_room(caches);
}

static struct gemm_plan choose_plan(const struct cb_gemm *g, const struct cb_cache_sizes *caches, size_t threads,
                                    struct cb_gemm_ops ops)
{
    size_t l3 = caches->l3_bytes ? caches->l3_bytes : (size_t)16 << 20;
    struct gemm_plan p = {.ops = ops};
    take_tile(&p, CB_GEMM_WIDE);
    double most = most_threads(g, p.nr);
    choose_grid(&p, g, most < 1 ? 1 : most < (double)threads ? (size_t)most : threads);
    size_t m = ceil_div(g->m, p.shares_m), n = ceil_div(g->n, p.shares_n);
    /* Where all is in L2 there is nothing to prefetch. */
    bool in_l2 = (double)m * (double)n + (double)(m + n) * (double)g->k <= 2 * (double)b_room(caches);
    if (in_l2) choose_tile(&p, g);
    p.kc = even_block(g->k, min_size(a_room(caches) / p.mr, MOST_STEPS), 1);
    p.nb = even_block(n, b_room(caches) / p.kc, p.nr);
    /* For a few tiles, rows in place serve as well as a copy. */
    p.copy_a = wants_copy_of_a(g) && (g->a_transposed || n > 4 * p.nr);
    /* Packing B pays where many panels of A use it, or where its rows share cache sets; not if B is one panel
     * already. */
    p.pack_b = g->b_transposed || (g->ldb > p.nr && m > (shares_sets(g) ? 1 : 16) * p.mr);
    /* With many panels of A, the next block of B is prefetched in small portions that do not hold up the tiles. */
    p.prefetch_b = p.pack_b && m > 64 * p.mr;
    /* A prefetched row interrupts the loop over k. For short k that costs more than a cache miss, but less than a
     * memory access. */
    bool from_memory = (double)g->m * (double)(g->k + g->n) * sizeof(float) > (double)l3;
    p.row_steps = in_l2 ? NO_ROWS : p.kc > 64 ? 24 : from_memory ? 4 : NO_ROWS;
    p.a_ld = (ceil_div(p.kc, LINE) | 1) * LINE;
    /* A panel is copied for the first block of B and kept for the others. */
    p.a_panel = n > p.nb ? p.mr * p.a_ld : 0;
    p.a_len = p.copy_a ? (p.a_panel ? ceil_div(m, p.mr) : 1) * p.mr * p.a_ld : 0;
    p.piece_len = p.a_len + (p.pack_b ? p.kc * p.nb : 0);
    return p;
}

size_t cb_gemm_run_workspace_bytes(const struct cb_gemm *args, const struct cb_cache_sizes *caches, size_t threads,
                                   struct cb_gemm_ops ops)
{
    struct gemm_plan p = choose_plan(args, caches, threads, ops);
    size_t bytes;
    if (__builtin_mul_overflow(p.piece_len * sizeof(float), p.shares_m * p.shares_n, &bytes) || bytes > PTRDIFF_MAX)
        return PTRDIFF_MAX; /* cannot be allocated; callers add to it */
    return bytes;
}

struct gemm_job {
    const struct cb_gemm *g;
    struct gemm_plan p;
    float *workspace;
};

/* C[i.., j..] (m x n) (+)= A[i.., k..] (m x kc) * B[k.., j..] (kc x n) */
struct gemm_block {
    size_t i, j, k, m, n, kc;
    bool first_of_a; /* the first block of B for these panels of A */
    const float *b;  /* panels [kc][nr] */
    size_t b_panel, b_ld;
    float *packed_b; /* where the first panel of A packs B for the others, or NULL */
};

/* Moves to the next block of columns j_begin to j_end, along n, then along k; false after the last. */
static bool next_block(const struct gemm_job *job, size_t j_begin, size_t j_end, struct gemm_block *s)
{
    s->j += job->p.nb;
    if (s->j >= j_end) {
        s->j = j_begin;
        s->k += job->p.kc;
        if (s->k >= job->g->k) return false;
    }
    s->n = min_size(job->p.nb, j_end - s->j);
    s->kc = min_size(job->p.kc, job->g->k - s->k);
    s->first_of_a = s->j == j_begin;
    return true;
}

/* B where the block begins, as stored. */
static const float *stored_b(const struct cb_gemm *g, const struct gemm_block *s)
{
    return g->b + (g->b_transposed ? s->j * g->ldb + s->k : s->k * g->ldb + s->j);
}

/* Prefetches part number `part` of `parts` of a block of B. */
static void prefetch_b(const struct cb_gemm *g, const struct gemm_block *s, size_t part, size_t parts)
{
    size_t rows = g->b_transposed ? s->n : s->kc, columns = g->b_transposed ? s->kc : s->n;
    const float *b = stored_b(g, s);
    for (size_t row = rows * part / parts; row < rows * (part + 1) / parts; row++)
        for (size_t at = 0; at < columns; at += LINE) __builtin_prefetch(b + row * g->ldb + at, 0, 2);
}

static void pack_b(const struct cb_gemm *g, const struct gemm_block *s, size_t nr, float *dst)
{
    size_t ld = g->ldb;
    const float *src = stored_b(g, s);
    size_t last = s->n / nr * nr; /* of the whole panels */
    if (g->b_transposed) {
        for (size_t j = 0; j < s->n; j += nr)
            cb_transpose(src + j * ld, ld, min_size(nr, s->n - j), s->kc, dst + j * s->kc, nr);
        return;
    }
    /* Row by row, so that each is read in one long run. */
    for (size_t k = 0; k < s->kc; k++) {
        size_t j = 0;
        for (; k + 1 < s->kc && j < s->n; j += LINE) __builtin_prefetch(src + (k + 1) * ld + j);
        j = 0;
        for (; j < last; j += nr) /* nr: a multiple of 4; calls of memcpy would take as long again */
            for (size_t i = 0; i < nr; i += 4)
                memcpy(dst + j * s->kc + k * nr + i, src + k * ld + j + i, 4 * sizeof *dst);
        if (j < s->n) memcpy(dst + j * s->kc + k * nr, src + k * ld + j, (s->n - j) * sizeof *dst);
    }
}

/* A block's product: each panel of A against the whole block of B, which stays in L2. next: the next block, to be
 * prefetched, or NULL. */
static void gemm_block(const struct gemm_job *job, const struct gemm_block *s, const struct gemm_block *next,
                       float *a_copy)
{
    const struct cb_gemm *g = job->g;
    bool prefetches = next && job->p.prefetch_b, one_by_one = job->p.copy_a || prefetches;
    size_t height = even_block(s->m, job->p.mr, 1), i_end = s->i + s->m;
    struct cb_gemm_panels panels = {.mr = height,
                                    .n = s->n,
                                    .k = s->kc,
                                    .b = s->b,
                                    .ldb = s->b_ld,
                                    .b_panel = s->b_panel,
                                    .tile = job->p.tile,
                                    .packed_b = s->packed_b,
                                    .ldc = g->ldc};
    panels.row_steps = job->p.row_steps;
    panels.accumulate = g->accumulate || s->k > 0;
    panels.next_len = ceil_div(ceil_div(s->kc, ceil_div(s->n, job->p.nr)), LINE) * LINE;
    for (size_t i = s->i; i < i_end; i += panels.m) {
        panels.m = min_size(one_by_one || panels.packed_b ? height : s->m, i_end - i);
        bool last = i + panels.m >= i_end;
        if (prefetches) prefetch_b(g, next, (i - s->i) / height, ceil_div(s->m, height));
        panels.a = g->a + (g->a_transposed ? s->k * g->lda + i : i * g->lda + s->k);
        panels.lda = panels.next_lda = g->lda;
        panels.c = g->c + i * g->ldc + s->j;
        panels.next_a = panels.a + panels.m * g->lda;
        panels.next_k = g->a_transposed || last ? 0 : s->kc;
        panels.next_c = !last ? panels.c + panels.m * g->ldc : next ? g->c + next->i * g->ldc + next->j : panels.c;
        panels.next_mr = min_size(height, !last ? i_end - i - panels.m : next ? next->m : panels.m);
        if (job->p.copy_a) {
            if (s->first_of_a && g->a_transposed)
                cb_transpose(panels.a, g->lda, s->kc, panels.m, a_copy, job->p.a_ld);
            else if (s->first_of_a)
                cb_copy_rows(panels.a, g->lda, panels.m, s->kc, a_copy, job->p.a_ld);
            panels.a = a_copy;
            panels.lda = job->p.a_ld;
            a_copy += job->p.a_panel;
            if (!s->first_of_a) panels.next_a = a_copy, panels.next_k = last ? 0 : s->kc, panels.next_lda = panels.lda;
        }
        job->p.ops.panels(&panels);
        if (panels.packed_b) {
            panels.b = panels.packed_b, panels.ldb = job->p.nr, panels.b_panel = job->p.nr * s->kc;
            panels.packed_b = NULL;
        }
    }
}

/* One rectangle of C. */
static void gemm_piece(void *context, size_t piece, void *scratch)
{
    (void)scratch;
    const struct gemm_job *job = context;
    const struct cb_gemm *g = job->g;
    const struct gemm_plan *p = &job->p;
    size_t row = piece / p->shares_n, column = piece % p->shares_n, panels = ceil_div(g->n, p->nr);
    size_t i_end = (row + 1) * g->m / p->shares_m;
    size_t j = column * panels / p->shares_n * p->nr,
           j_end = min_size((column + 1) * panels / p->shares_n * p->nr, g->n);
    struct gemm_block s = {.i = row * g->m / p->shares_m, .j = j, .first_of_a = true};
    s.m = i_end - s.i;
    s.n = min_size(p->nb, j_end - j);
    s.kc = min_size(p->kc, g->k);
    if (!s.m || !s.n) return;
    assert(j_end - j <= p->nb || p->a_panel || !p->copy_a);
    float *a_copy = job->workspace + piece * p->piece_len, *b_panels = a_copy + p->a_len;
    bool more;
    do { /* for k = 0, too: C becomes 0 */
        struct gemm_block next = s;
        more = next_block(job, j, j_end, &next);
        bool in_place = !g->b_transposed && s.n % p->nr == 0, packed = p->pack_b && !in_place;
        if (packed) pack_b(g, &s, p->nr, b_panels);
        s.b = packed ? b_panels : stored_b(g, &s);
        s.b_panel = packed ? p->nr * s.kc : p->nr;
        s.b_ld = packed ? p->nr : g->ldb;
        s.packed_b = p->pack_b && in_place && s.m > p->mr ? b_panels : NULL;
        gemm_block(job, &s, more ? &next : NULL, a_copy);
        s = next;
    } while (more);
}

/* The whole product as one block, by the caller alone. */
static void gemm_in_place(struct gemm_job *job)
{
    const struct cb_gemm *g = job->g;
    struct gemm_block s = {.m = g->m, .n = g->n, .kc = g->k, .b = g->b, .b_panel = job->p.nr, .b_ld = g->ldb};
    job->p.row_steps = NO_ROWS;
    if (g->m && g->n) gemm_block(job, &s, NULL, NULL);
}

static enum cb_status check_operand(const char *name, size_t rows, size_t columns, size_t ld, struct cb_error *err)
{
    if (rows > 1 && ld < columns)
        return cb_fail(err, CB_BAD_INPUT, "gemm: ld%s: expected at least %zu, the length of a stored row, got %zu",
                       name, columns, ld);
    size_t elements;
    if (__builtin_mul_overflow(rows, ld, &elements) || elements > SIZE_MAX / sizeof(float))
        return cb_fail(err, CB_BAD_INPUT, "gemm: %s of %zu rows, %zu apart, does not fit the address space", name, rows,
                       ld);
    return CB_OK;
}

enum cb_status cb_gemm_check(const struct cb_gemm *g, struct cb_error *err)
{
    enum cb_status status =
        check_operand("a", g->a_transposed ? g->k : g->m, g->a_transposed ? g->m : g->k, g->lda, err);
    if (!status) status = check_operand("b", g->b_transposed ? g->n : g->k, g->b_transposed ? g->k : g->n, g->ldb, err);
    if (!status) status = check_operand("c", g->m, g->n, g->ldc, err);
    return status;
}

void cb_gemm_run(struct cb_team *team, const struct cb_gemm *args, const struct cb_cache_sizes *caches,
                 struct cb_gemm_ops ops, void *workspace)
{
    struct gemm_job job = {.g = args, .p = {.ops = ops}, .workspace = workspace};
    take_tile(&job.p, CB_GEMM_WIDE);
    if (needs_no_plan(args, caches, &job.p)) {
        gemm_in_place(&job);
        return;
    }
    job.p = choose_plan(args, caches, cb_team_threads(team), ops);
    cb_team_run(team, job.p.shares_m * job.p.shares_n, gemm_piece, &job);
}

static struct cb_gemm_ops ops_of_f32(void)
{
    return (struct cb_gemm_ops){cb_ops()->gemm_f32_panels, cb_ops()->gemm_f32_tile_size};
}

size_t cb_gemm_workspace_bytes(const struct cb_gemm *args, const struct cb_cache_sizes *caches, size_t threads)
{
    return cb_gemm_run_workspace_bytes(args, caches, threads, ops_of_f32());
}

enum cb_status cb_gemm(struct cb_team *team, const struct cb_gemm *args, const struct cb_cache_sizes *caches,
                       void *workspace, struct cb_error *err)
{
    enum cb_status status = cb_gemm_check(args, err);
    if (!status) cb_gemm_run(team, args, caches, ops_of_f32(), workspace);
    return status;
}
