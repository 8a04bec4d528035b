#include "double_resnet.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A feature map [n][c][side][side] and its gradient. */
struct map {
    size_t n, c, side;
    double *v, *d;
};

/* An operation of the forward pass; `back` adds to the gradients of x and of the parameters. */
struct op {
    void (*back)(const struct op *op);
    struct map *x, *y;
    const double *w;
    double *dw, *db;
    size_t filter, stride;
};

enum { MAX_OPS = 600 };

/* One pass: everything it allocates, and its operations in order. */
struct pass {
    const struct cb_model *model;
    struct cb_double_tensors *weights, *gradient; /* gradient NULL: the loss only */
    size_t maps, ops;
    struct map map[MAX_OPS];
    struct op op[MAX_OPS];
};

static double *zeros(size_t len)
{
    double *v = calloc(len, sizeof *v);
    if (!v) abort();
    return v;
}

static size_t size(const struct map *m)
{
    return m->n * m->c * m->side * m->side;
}

static struct map *new_map(struct pass *p, size_t n, size_t c, size_t side)
{
    if (p->maps == MAX_OPS) abort();
    struct map *m = &p->map[p->maps++];
    *m = (struct map){n, c, side, zeros(n * c * side * side), NULL};
    if (p->gradient) m->d = zeros(size(m));
    return m;
}

static void record(struct pass *p, struct op op)
{
    if (p->ops == MAX_OPS) abort();
    p->op[p->ops++] = op;
}

static size_t plane(const struct map *m, size_t n, size_t c)
{
    return (n * m->c + c) * m->side * m->side;
}

static size_t find(const struct pass *p, const char *prefix, const char *name)
{
    char full[96];
    snprintf(full, sizeof full, "%s%s", prefix, name);
    for (size_t i = 0; i < p->weights->count; i++)
        if (!strcmp(cb_model_tensor(p->model, i)->name, full)) return i;
    fprintf(stderr, "double_resnet: no tensor %s\n", full);
    abort();
}

static double *gradient_of(const struct pass *p, size_t tensor)
{
    return p->gradient ? p->gradient->value[tensor] : NULL;
}

void cb_double_read(struct cb_double_tensors *tensors, const struct cb_model *model, enum cb_tensor_part part)
{
    tensors->count = cb_model_tensor_count(model);
    for (size_t i = 0; i < tensors->count; i++) {
        const struct cb_model_tensor *tensor = cb_model_tensor(model, i);
        tensors->value[i] = zeros(tensor->len);
        if (part != CB_VALUE && !tensor->trained) continue;
        float *data = malloc(tensor->len * sizeof *data);
        if (!data) abort();
        cb_model_export(model, i, part, data);
        for (size_t e = 0; e < tensor->len; e++) tensors->value[i][e] = (double)data[e];
        free(data);
    }
}

void cb_double_free(struct cb_double_tensors *tensors)
{
    for (size_t i = 0; i < tensors->count; i++) free(tensors->value[i]);
}

/* The innermost loops, where all the time goes: checking every access would take the sanitizers minutes. */
#define UNCHECKED __attribute__((noinline, no_sanitize("address", "undefined", "thread")))

/* dst[q] += w src[q], with steps */
UNCHECKED static void add_row(double *dst, long dst_step, const double *src, long src_step, long len, double w)
{
    for (long q = 0; q < len; q++) dst[q * dst_step] += w * src[q * src_step];
}

UNCHECKED static double dot_row(const double *a, const double *b, long b_step, long len)
{
    double sum = 0;
    for (long q = 0; q < len; q++) sum += a[q] * b[q * b_step];
    return sum;
}

enum what { FORWARD, BACK_X, BACK_W };

/* One filter tap between two planes: y += w x, dx += w dy, or the sum of x dy, which is returned. */
static double tap(enum what what, const struct map *x, size_t x_plane, const struct map *y, size_t y_plane, size_t t,
                  size_t filter, size_t stride, double w)
{
    long dr = (long)(t / filter) - (long)(filter / 2), ds = (long)(t % filter) - (long)(filter / 2);
    long side = (long)x->side, step = (long)stride, end = (side - ds + step - 1) / step, first = ds < 0;
    if (end > (long)y->side) end = (long)y->side;
    double sum = 0;
    for (size_t p = 0; p < y->side; p++) {
        long h = (long)(p * stride) + dr;
        if (h < 0 || h >= side) continue;
        size_t from = x_plane + (size_t)(h * side + first * step + ds), to = y_plane + p * y->side + (size_t)first;
        if (what == FORWARD) add_row(y->v + to, 1, x->v + from, step, end - first, w);
        if (what == BACK_X) add_row(x->d + from, step, y->d + to, 1, end - first, w);
        if (what == BACK_W) sum += dot_row(y->d + to, x->v + from, step, end - first);
    }
    return sum;
}

static void conv_pass(enum what what, const struct op *op)
{
    size_t taps = op->filter * op->filter;
    for (size_t n = 0; n < op->x->n; n++)
        for (size_t k = 0; k < op->y->c; k++)
            for (size_t c = 0; c < op->x->c; c++)
                for (size_t t = 0; t < taps; t++) {
                    size_t i = (k * op->x->c + c) * taps + t;
                    double sum = tap(what, op->x, plane(op->x, n, c), op->y, plane(op->y, n, k), t, op->filter,
                                     op->stride, op->w[i]);
                    if (what == BACK_W) op->dw[i] += sum;
                }
}

static void conv_back(const struct op *op)
{
    conv_pass(BACK_X, op);
    conv_pass(BACK_W, op);
}

static struct map *conv(struct pass *p, struct map *x, const char *prefix, const char *name, size_t k, size_t filter,
                        size_t stride)
{
    struct map *y = new_map(p, x->n, k, x->side / stride);
    size_t tensor = find(p, prefix, name);
    record(p, (struct op){conv_back, x, y, p->weights->value[tensor], gradient_of(p, tensor), NULL, filter, stride});
    conv_pass(FORWARD, &p->op[p->ops - 1]);
    return y;
}

struct moments {
    double count, mean, var, invstd;
};

static struct moments moments(const struct map *x, size_t c)
{
    size_t area = x->side * x->side;
    struct moments m = {.count = (double)(x->n * area)};
    for (size_t n = 0; n < x->n; n++)
        for (size_t i = 0; i < area; i++) m.mean += x->v[plane(x, n, c) + i] / m.count;
    for (size_t n = 0; n < x->n; n++)
        for (size_t i = 0; i < area; i++) {
            double gap = x->v[plane(x, n, c) + i] - m.mean;
            m.var += gap * gap / m.count;
        }
    m.invstd = 1 / sqrt(m.var + 1e-5);
    return m;
}

static void norm_back(const struct op *op)
{
    const struct map *x = op->x, *y = op->y;
    size_t area = x->side * x->side;
    for (size_t c = 0; c < x->c; c++) {
        struct moments m = moments(x, c);
        double s1 = 0, s2 = 0;
        for (size_t n = 0; n < x->n; n++)
            for (size_t i = 0; i < area; i++) {
                size_t at = plane(x, n, c) + i;
                s1 += y->d[at];
                s2 += y->d[at] * (x->v[at] - m.mean) * m.invstd;
            }
        op->db[c] += s1;
        op->dw[c] += s2;
        for (size_t n = 0; n < x->n; n++)
            for (size_t i = 0; i < area; i++) {
                size_t at = plane(x, n, c) + i;
                double normed = (x->v[at] - m.mean) * m.invstd;
                x->d[at] += op->w[c] * m.invstd * (y->d[at] - s1 / m.count - normed * s2 / m.count);
            }
    }
}

static struct map *batch_norm(struct pass *p, struct map *x, const char *prefix, const char *name)
{
    char full[64];
    snprintf(full, sizeof full, "%s%s", prefix, name);
    size_t gamma = find(p, full, ".weight"), beta = find(p, full, ".bias"), area = x->side * x->side;
    double *mean = p->weights->value[find(p, full, ".running_mean")];
    double *var = p->weights->value[find(p, full, ".running_var")];
    struct map *y = new_map(p, x->n, x->c, x->side);
    for (size_t c = 0; c < x->c; c++) {
        struct moments m = moments(x, c);
        for (size_t n = 0; n < x->n; n++)
            for (size_t i = 0; i < area; i++)
                y->v[plane(x, n, c) + i] =
                    (x->v[plane(x, n, c) + i] - m.mean) * m.invstd * p->weights->value[gamma][c] +
                    p->weights->value[beta][c];
        if (!p->gradient) continue;
        mean[c] = 0.9 * mean[c] + 0.1 * m.mean;
        var[c] = 0.9 * var[c] + 0.1 * m.var * m.count / (m.count - 1);
    }
    record(p, (struct op){norm_back, x, y, p->weights->value[gamma], gradient_of(p, gamma), gradient_of(p, beta)});
    return y;
}

static void relu_back(const struct op *op)
{
    for (size_t i = 0; i < size(op->y); i++)
        if (op->y->v[i] <= 0) op->y->d[i] = 0;
}

static void relu(struct pass *p, struct map *y)
{
    for (size_t i = 0; i < size(y); i++)
        if (y->v[i] < 0) y->v[i] = 0;
    record(p, (struct op){relu_back, NULL, y});
}

static void add_back(const struct op *op)
{
    for (size_t i = 0; i < size(op->y); i++) op->x->d[i] += op->y->d[i];
}

static void add(struct pass *p, struct map *x, struct map *y)
{
    for (size_t i = 0; i < size(y); i++) y->v[i] += x->v[i];
    record(p, (struct op){add_back, x, y});
}

/* Every other pixel, and channels of zeros on both sides. */
static void subsample(const struct op *op, int back)
{
    const struct map *x = op->x, *y = op->y;
    for (size_t n = 0; n < x->n; n++)
        for (size_t c = 0; c < x->c; c++)
            for (size_t i = 0; i < y->side * y->side; i++) {
                size_t from = plane(x, n, c) + i / y->side * 2 * x->side + i % y->side * 2;
                size_t to = plane(y, n, c + (y->c - x->c) / 2) + i;
                if (back)
                    x->d[from] += y->d[to];
                else
                    y->v[to] = x->v[from];
            }
}

static void subsample_back(const struct op *op)
{
    subsample(op, 1);
}

static struct map *shortcut(struct pass *p, struct map *z, size_t k, const char *block)
{
    if (k == z->c) return z;
    if (cb_model_network(p->model)->shortcut == 'B')
        return batch_norm(p, conv(p, z, block, ".downsample.0.weight", k, 1, 2), block, ".downsample.1");
    struct map *r = new_map(p, z->n, k, z->side / 2);
    record(p, (struct op){subsample_back, z, r});
    subsample(&p->op[p->ops - 1], 0);
    return r;
}

static struct map *basic_block(struct pass *p, struct map *z, size_t k, const char *block)
{
    struct map *y = batch_norm(p, conv(p, z, block, ".conv1.weight", k, 3, k == z->c ? 1 : 2), block, ".bn1");
    relu(p, y);
    struct map *out = batch_norm(p, conv(p, y, block, ".conv2.weight", k, 3, 1), block, ".bn2");
    add(p, shortcut(p, z, k, block), out);
    relu(p, out);
    return out;
}

/* Mean over the map, dense layer, cross-entropy: the loss, and the gradients of all three. */
static double head(struct pass *p, const struct map *z, const uint8_t *labels, double *logits)
{
    size_t linear = find(p, "linear", ".weight"), bias = find(p, "linear", ".bias"), area = z->side * z->side;
    size_t classes = cb_model_network(p->model)->classes;
    const double *w = p->weights->value[linear];
    double loss = 0, count = (double)z->n;
    for (size_t n = 0; n < z->n; n++) {
        double l[CB_MAX_CLASSES] = {0}, pooled[256] = {0}, sum = 0;
        for (size_t c = 0; c < z->c; c++)
            for (size_t e = 0; e < area; e++) pooled[c] += z->v[plane(z, n, c) + e] / (double)area;
        for (size_t j = 0; j < classes; j++) {
            l[j] = p->weights->value[bias][j];
            for (size_t c = 0; c < z->c; c++) l[j] += w[j * z->c + c] * pooled[c];
            sum += exp(l[j]);
        }
        loss += (log(sum) - l[labels[n]]) / count;
        if (logits) memcpy(logits + n * classes, l, classes * sizeof *l);
        for (size_t j = 0; p->gradient && j < classes; j++) {
            double d = (exp(l[j]) / sum - (j == labels[n])) / count;
            gradient_of(p, bias)[j] += d;
            for (size_t c = 0; c < z->c; c++) {
                gradient_of(p, linear)[j * z->c + c] += d * pooled[c];
                for (size_t e = 0; e < area; e++) z->d[plane(z, n, c) + e] += d * w[j * z->c + c] / (double)area;
            }
        }
    }
    return loss;
}

double cb_double_step(const struct cb_model *model, struct cb_double_tensors *weights, const float *images,
                      const uint8_t *labels, size_t n, double *logits, struct cb_double_tensors *gradient)
{
    struct pass *p = calloc(1, sizeof *p);
    if (!p) abort();
    p->model = model;
    p->weights = weights;
    p->gradient = gradient;
    for (size_t t = 0; gradient && t < gradient->count; t++)
        memset(gradient->value[t], 0, cb_model_tensor(model, t)->len * sizeof(double));
    const struct cb_network *network = cb_model_network(model);
    struct map *x = new_map(p, n, 3, network->side);
    for (size_t i = 0; i < size(x); i++) x->v[i] = (double)images[i];
    struct map *z = batch_norm(p, conv(p, x, "conv1", ".weight", network->widths[0], 3, 1), "bn1", "");
    relu(p, z);
    for (size_t stage = 0; stage < network->stages; stage++)
        for (size_t i = 0; i < network->blocks[stage]; i++) {
            char block[48];
            snprintf(block, sizeof block, "layer%zu.%zu", stage + 1, i);
            z = basic_block(p, z, network->widths[stage], block);
        }
    double loss = head(p, z, labels, logits);
    for (size_t i = p->ops; gradient && i-- > 0;) p->op[i].back(&p->op[i]);
    for (size_t i = 0; i < p->maps; i++) {
        free(p->map[i].v);
        free(p->map[i].d);
    }
    free(p);
    return loss;
}

double cb_double_loss(const struct cb_model *model, struct cb_double_tensors *weights, const float *images,
                      const uint8_t *labels, size_t n, double *logits)
{
    return cb_double_step(model, weights, images, labels, n, logits, NULL);
}
