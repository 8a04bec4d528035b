#include "im2col.h"

#include <assert.h>
#include <string.h>

#include "kernels.h"

enum { L = CB_LANES, TAPS = 9 };

/* One GEMM serves a chunk of images: many rows, while the columns still fit the shared cache. */
static size_t chunk_images(const struct cb_conv_shape *s, const struct cb_cache_sizes *caches)
{
    size_t l3 = caches->l3_bytes ? caches->l3_bytes : (size_t)16 << 20, most = (size_t)64 << 20;
    size_t image_bytes = s->h * s->w * s->c * TAPS * sizeof(float);
    size_t images = (l3 / 2 < most ? l3 / 2 : most) / image_bytes;
    return images < 1 ? 1 : images < s->n ? images : s->n;
}

/* columns[pixel][k] * weights[k][K] = product[pixel][K] with k = ((channel block * 3 + r) * 16 + channel) * 3 + s.
 * A GEMM for each channel block, since the direct convolution cuts its sums there. */
struct job {
    const struct cb_conv_fwd *args;
    size_t first, block; /* image of the chunk, channel block */
    float *weights, *columns, *product;
};

static size_t aligned_len(size_t len)
{
    return (len + L - 1) / L * L;
}

static struct cb_gemm gemm_of(const struct cb_conv_shape *s, size_t images)
{
    return (struct cb_gemm){
        .m = images * s->h * s->w, .n = s->k, .k = L * TAPS, .lda = s->c * TAPS, .ldb = s->k, .ldc = s->k};
}

size_t im2col_workspace_bytes(const struct cb_conv_shape *s, const struct cb_cache_sizes *caches, size_t threads)
{
    struct cb_gemm g = gemm_of(s, chunk_images(s, caches));
    return (aligned_len(s->c * TAPS * g.n) + aligned_len(g.m * g.lda) + aligned_len(g.m * g.n)) * sizeof(float) +
           cb_gemm_workspace_bytes(&g, caches, threads);
}

/* w[K/16][k][16] -> [k][K] */
static void weights_matrix(const struct cb_conv_shape *s, const float *w, float *matrix)
{
    size_t rows = s->c * TAPS;
    for (size_t block = 0; block < s->k / L; block++)
        for (size_t k = 0; k < rows; k++)
            memcpy(matrix + k * s->k + block * L, w + (block * rows + k) * L, L * sizeof *w);
}

/* One row of taps of one pixel: pixels left, centre, right (NULL: padding) of one channel block -> [channel][s]. */
static void interleave(const float *const pixels[3], float *out)
{
    static const float zeros[L];
    for (size_t s = 0; s < 3; s++) {
        const float *from = pixels[s] ? pixels[s] : zeros;
        for (size_t c = 0; c < L; c++) out[c * 3 + s] = from[c];
    }
}

static void image_to_columns(void *context, size_t image, void *scratch)
{
    (void)scratch;
    const struct job *job = context;
    const struct cb_conv_shape *shape = &job->args->shape;
    size_t h = shape->h, w = shape->w, blocks = shape->c / L;
    const float *x = (const float *)job->args->source.x + (job->first + image) * shape->c * h * w;
    float *out = job->columns + image * h * w * shape->c * TAPS;
    for (size_t p = 0; p < h; p++)
        for (size_t q = 0; q < w; q++)
            for (size_t block = 0; block < blocks; block++)
                for (size_t r = 0; r < 3; r++, out += 3 * L) {
                    size_t row = p + r; /* of the padded image */
                    const float *pixels[3] = {NULL};
                    if (row >= 1 && row <= h) {
                        const float *centre = x + ((block * h + row - 1) * w + q) * L;
                        pixels[0] = q > 0 ? centre - L : NULL;
                        pixels[1] = centre;
                        pixels[2] = q + 1 < w ? centre + L : NULL;
                    }
                    interleave(pixels, out);
                }
}

/* product[pixel][K] -> y[K/16][pixel][16], added to the channel blocks before */
static void image_from_product(void *context, size_t image, void *scratch)
{
    (void)scratch;
    const struct job *job = context;
    const struct cb_conv_shape *s = &job->args->shape;
    size_t pixels = s->h * s->w;
    const float *from = job->product + image * pixels * s->k;
    float *y = (float *)job->args->y + (job->first + image) * pixels * s->k;
    for (size_t block = 0; block < s->k / L; block++)
        for (size_t i = 0; i < pixels; i++, y += L) {
            const float *part = from + i * s->k + block * L;
            for (size_t l = 0; l < L; l++) y[l] = job->block ? y[l] + part[l] : part[l];
        }
}

enum cb_status im2col_forward(struct cb_team *team, const struct cb_conv_fwd *args, const struct cb_cache_sizes *caches,
                              void *workspace, struct cb_error *err)
{
    const struct cb_conv_shape *s = &args->shape;
    assert(s->kind == CB_CONV_3X3 && !args->source.scale && !args->source.z && !args->stats);
    size_t chunk = chunk_images(s, caches);
    struct cb_gemm g = gemm_of(s, chunk);
    struct job job = {.args = args, .weights = workspace};
    job.columns = job.weights + aligned_len(s->c * TAPS * g.n);
    job.product = job.columns + aligned_len(g.m * g.lda);
    float *panels = job.product + aligned_len(g.m * g.n);
    weights_matrix(s, args->w, job.weights);
    for (; job.first < s->n; job.first += chunk) {
        size_t images = s->n - job.first < chunk ? s->n - job.first : chunk;
        g = gemm_of(s, images);
        g.c = job.product;
        cb_team_run(team, images, image_to_columns, &job);
        for (job.block = 0; job.block < s->c / L; job.block++) {
            g.a = job.columns + job.block * g.k;
            g.b = job.weights + job.block * g.k * g.n;
            enum cb_status status = cb_gemm(team, &g, caches, panels, err);
            if (status) return status;
            cb_team_run(team, images, image_from_product, &job);
        }
    }
    return CB_OK;
}
