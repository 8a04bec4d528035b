#include "model/plan.h"

#include <math.h>
#include <string.h>

size_t cb_model_tensor_count(const struct cb_model *m)
{
    return m->tensors;
}

const struct cb_model_tensor *cb_model_tensor(const struct cb_model *m, size_t index)
{
    return &m->tensor[index].tensor;
}

static float *part_of(const struct cb_model *m, const struct cb_tensor_place *t, enum cb_tensor_part part)
{
    if (part == CB_VALUE) return t->value;
    return cb_model_part(m, t->value, part == CB_GRADIENT ? m->gradients : m->velocity);
}

void cb_model_export(const struct cb_model *m, size_t index, enum cb_tensor_part part, float *data)
{
    const struct cb_tensor_place *t = &m->tensor[index];
    const float *from = part_of(m, t, part);
    if (t->packed)
        cb_conv_unpack_oihw(t->packed, from, data);
    else
        memcpy(data, from, t->tensor.len * sizeof *data);
}

void cb_model_import(struct cb_model *m, size_t index, enum cb_tensor_part part, const float *data)
{
    const struct cb_tensor_place *t = &m->tensor[index];
    float *to = part_of(m, t, part);
    if (t->packed)
        cb_conv_pack_oihw(t->packed, data, to);
    else
        memcpy(to, data, t->tensor.len * sizeof *data);
}

static int all_finite(const float *x, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (!isfinite(x[i])) return 0;
    return 1;
}

int cb_model_finite(const struct cb_model *m)
{
    for (size_t i = 0; i < m->tensors; i++)
        if (!m->tensor[i].tensor.trained && !all_finite(m->tensor[i].value, m->tensor[i].tensor.len)) return 0;
    return all_finite(m->parameters, m->parameters_len) && all_finite(m->velocity, m->parameters_len);
}

/* Element i of tensor `index`: the draw depends on the seed and on these two alone. */
static uint32_t draw(uint64_t seed, size_t index, size_t i)
{
    uint32_t bits[4];
    cb_random_bits(seed, CB_RANDOM_INIT, (uint32_t)index, i / 4, bits);
    return bits[i % 4];
}

static float uniform(uint32_t bits, double bound)
{
    return (float)(bound * (2.0 * (double)cb_random_unit(bits) - 1.0));
}

static float normal(uint32_t bits, double deviation)
{
    return (float)(deviation * cb_normal_quantile(((double)bits + 0.5) * 0x1p-32));
}

static float conv_weight(enum cb_init init, const struct cb_conv_shape *s, uint32_t bits)
{
    double area = (double)(cb_conv_filter(s) * cb_conv_filter(s));
    switch (init) {
    case CB_INIT_HE_FAN_IN:
        return normal(bits, sqrt(2.0 / ((double)s->c * area)));
    case CB_INIT_HE_FAN_OUT:
        return normal(bits, sqrt(2.0 / ((double)s->k * area)));
    case CB_INIT_TORCH03:
        break;
    }
    return uniform(bits, 1.0 / sqrt((double)s->c * area));
}

static int ends_with(const char *text, const char *end)
{
    size_t len = strlen(text), tail = strlen(end);
    return len >= tail && !strcmp(text + len - tail, end);
}

static float initial_value(const struct cb_model *m, const struct cb_tensor_place *t, uint32_t bits)
{
    const char *name = t->tensor.name;
    if (t->packed) return conv_weight(m->network.init, t->packed, bits);
    if (!strncmp(name, "linear", 6)) return uniform(bits, 1.0 / sqrt((double)m->features));
    if (ends_with(name, "running_var")) return 1.0f;
    if (ends_with(name, ".weight")) return m->network.init == CB_INIT_TORCH03 ? cb_random_unit(bits) : 1.0f; /* gamma */
    return 0.0f; /* beta, running mean */
}

/* The gradients have room for any tensor and mean nothing before the first step. */
void cb_model_init(struct cb_model *m, uint64_t seed)
{
    float *data = m->gradients;
    memset(m->velocity, 0, m->parameters_len * sizeof *m->velocity);
    for (size_t i = 0; i < m->tensors; i++) {
        for (size_t e = 0; e < m->tensor[i].tensor.len; e++)
            data[e] = initial_value(m, &m->tensor[i], draw(seed, i, e));
        cb_model_import(m, i, CB_VALUE, data);
    }
    memset(data, 0, m->parameters_len * sizeof *data);
}
