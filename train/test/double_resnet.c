#include "double_resnet.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A feature map [n][c][side][side]. */
struct map {
    size_t n, c, side;
    double *v;
};

static struct map new_map(size_t n, size_t c, size_t side)
{
    struct map m = {n, c, side, calloc(n * c * side * side, sizeof(double))};
    if (!m.v) abort();
    return m;
}

static double *at(const struct map *m, size_t n, size_t c)
{
    return m->v + (n * m->c + c) * m->side * m->side;
}

static double *find(const struct cb_model *model, const struct cb_double_weights *w, const char *name)
{
    for (size_t i = 0; i < w->count; i++)
        if (!strcmp(cb_model_tensor(model, i)->name, name)) return w->value[i];
    fprintf(stderr, "double_resnet: no tensor %s\n", name);
    abort();
}

void cb_double_weights_read(struct cb_double_weights *w, const struct cb_model *model)
{
    w->count = cb_model_tensor_count(model);
    for (size_t i = 0; i < w->count; i++) {
        size_t len = cb_model_tensor(model, i)->len;
        float *data = malloc(len * sizeof *data);
        w->value[i] = malloc(len * sizeof(double));
        if (!data || !w->value[i]) abort();
        cb_model_export(model, i, CB_VALUE, data);
        for (size_t e = 0; e < len; e++) w->value[i][e] = (double)data[e];
        free(data);
    }
}

void cb_double_weights_free(struct cb_double_weights *w)
{
    for (size_t i = 0; i < w->count; i++) free(w->value[i]);
}

/* The innermost loop, where all the time goes: checking every access would take the sanitizers minutes. */
__attribute__((noinline, no_sanitize("address", "undefined"))) static void add_row(double *dst, const double *src,
                                                                                   long len, long step, double w)
{
    for (long q = 0; q < len; q++) dst[q] += w * src[q * step];
}

static void add_tap(const struct map *x, struct map *y, size_t n, size_t c, size_t k, long dr, long ds, size_t stride,
                    double w)
{
    const double *src = at(x, n, c);
    double *dst = at(y, n, k);
    long side = (long)x->side, step = (long)stride, end = (side - ds + step - 1) / step;
    if (end > (long)y->side) end = (long)y->side;
    long first = ds < 0;
    for (size_t p = 0; p < y->side; p++) {
        long h = (long)(p * stride) + dr;
        if (h < 0 || h >= side) continue;
        add_row(dst + (long)(p * y->side) + first, src + h * side + first * step + ds, end - first, step, w);
    }
}

static struct map conv(const struct map *x, const double *w, size_t k, size_t filter, size_t stride)
{
    struct map y = new_map(x->n, k, x->side / stride);
    for (size_t n = 0; n < x->n; n++)
        for (size_t o = 0; o < k; o++)
            for (size_t c = 0; c < x->c; c++)
                for (size_t t = 0; t < filter * filter; t++)
                    add_tap(x, &y, n, c, o, (long)(t / filter) - (long)(filter / 2),
                            (long)(t % filter) - (long)(filter / 2), stride, w[(o * x->c + c) * filter * filter + t]);
    return y;
}

static void batch_norm(const struct cb_model *model, const struct cb_double_weights *w, struct map *x,
                       const char *prefix, int update)
{
    char name[96];
    double *part[4];
    static const char *const suffix[] = {"weight", "bias", "running_mean", "running_var"};
    for (int i = 0; i < 4; i++) {
        snprintf(name, sizeof name, "%s.%s", prefix, suffix[i]);
        part[i] = find(model, w, name);
    }
    size_t area = x->side * x->side;
    double count = (double)(x->n * area);
    for (size_t c = 0; c < x->c; c++) {
        double mean = 0, var = 0;
        for (size_t n = 0; n < x->n; n++)
            for (size_t i = 0; i < area; i++) mean += at(x, n, c)[i] / count;
        for (size_t n = 0; n < x->n; n++)
            for (size_t i = 0; i < area; i++) var += (at(x, n, c)[i] - mean) * (at(x, n, c)[i] - mean) / count;
        for (size_t n = 0; n < x->n; n++)
            for (size_t i = 0; i < area; i++)
                at(x, n, c)[i] = (at(x, n, c)[i] - mean) / sqrt(var + 1e-5) * part[0][c] + part[1][c];
        if (!update) continue;
        part[2][c] = 0.9 * part[2][c] + 0.1 * mean;
        part[3][c] = 0.9 * part[3][c] + 0.1 * var * count / (count - 1);
    }
}

static void relu(struct map *x)
{
    for (size_t i = 0; i < x->n * x->c * x->side * x->side; i++)
        if (x->v[i] < 0) x->v[i] = 0;
}

static struct map shortcut(const struct cb_model *model, const struct cb_double_weights *w, const struct map *z,
                           size_t k, const char *block, int update)
{
    if (cb_model_network(model)->shortcut == 'B') {
        char name[96];
        snprintf(name, sizeof name, "%s.downsample.0.weight", block);
        struct map r = conv(z, find(model, w, name), k, 1, 2);
        snprintf(name, sizeof name, "%s.downsample.1", block);
        batch_norm(model, w, &r, name, update);
        return r;
    }
    struct map r = new_map(z->n, k, z->side / 2);
    for (size_t n = 0; n < z->n; n++)
        for (size_t c = 0; c < z->c; c++)
            for (size_t p = 0; p < r.side; p++)
                for (size_t q = 0; q < r.side; q++)
                    at(&r, n, c + k / 4)[p * r.side + q] = at(z, n, c)[2 * p * z->side + 2 * q];
    return r;
}

static struct map basic_block(const struct cb_model *model, const struct cb_double_weights *w, struct map z, size_t k,
                              const char *block, int update)
{
    char name[96];
    size_t stride = k == z.c ? 1 : 2;
    snprintf(name, sizeof name, "%s.conv1.weight", block);
    struct map y = conv(&z, find(model, w, name), k, 3, stride);
    snprintf(name, sizeof name, "%s.bn1", block);
    batch_norm(model, w, &y, name, update);
    relu(&y);
    snprintf(name, sizeof name, "%s.conv2.weight", block);
    struct map out = conv(&y, find(model, w, name), k, 3, 1);
    snprintf(name, sizeof name, "%s.bn2", block);
    batch_norm(model, w, &out, name, update);
    struct map r = stride == 1 ? z : shortcut(model, w, &z, k, block, update);
    for (size_t i = 0; i < out.n * out.c * out.side * out.side; i++) out.v[i] += r.v[i];
    relu(&out);
    if (r.v != z.v) free(r.v);
    free(y.v);
    free(z.v);
    return out;
}

static double image_loss(const double *logits, size_t label)
{
    double sum = 0;
    for (size_t j = 0; j < CB_CLASSES; j++) sum += exp(logits[j]);
    return log(sum) - logits[label];
}

double cb_double_forward(const struct cb_model *model, struct cb_double_weights *w, const float *images,
                         const uint8_t *labels, size_t n, double *logits, int update)
{
    struct map x = new_map(n, 3, 32);
    for (size_t i = 0; i < n * CB_IMAGE_PIXELS; i++) x.v[i] = (double)images[i];
    struct map z = conv(&x, find(model, w, "conv1.weight"), 16, 3, 1);
    free(x.v);
    batch_norm(model, w, &z, "bn1", update);
    relu(&z);
    size_t per_stage = (cb_model_network(model)->depth - 2) / 6;
    for (size_t i = 0; i < 3 * per_stage; i++) {
        char block[48];
        snprintf(block, sizeof block, "layer%zu.%zu", i / per_stage + 1, i % per_stage);
        z = basic_block(model, w, z, (size_t)16 << (i / per_stage), block, update);
    }
    const double *weight = find(model, w, "linear.weight"), *bias = find(model, w, "linear.bias");
    double loss = 0;
    for (size_t i = 0; i < n; i++) {
        double l[CB_CLASSES];
        for (size_t j = 0; j < CB_CLASSES; j++) {
            l[j] = bias[j];
            for (size_t c = 0; c < 64; c++) {
                double mean = 0;
                for (size_t e = 0; e < 64; e++) mean += at(&z, i, c)[e] / 64;
                l[j] += weight[j * 64 + c] * mean;
            }
        }
        if (logits) memcpy(logits + i * CB_CLASSES, l, sizeof l);
        loss += image_loss(l, labels[i]) / (double)n;
    }
    free(z.v);
    return loss;
}
