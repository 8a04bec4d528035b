#include "gemm/pack.h"

#include <string.h>

size_t cb_panel_len(size_t unit, size_t k)
{
    return (unit * k + 15) & ~(size_t)15;
}

static size_t min_size(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Rows of the source run along the width: copy. Several panels at a time, so that each row is read in one long run. */
static void pack_rows(const struct cb_pack *p, float *dst, size_t first, size_t end)
{
    enum { TOGETHER = 8 };
    size_t unit = p->unit, stride = cb_panel_len(unit, p->k);
    for (size_t group = first; group < end; group += TOGETHER) {
        size_t group_end = min_size(group + TOGETHER, end);
        for (size_t k = 0; k < p->k; k++)
            for (size_t i = group; i < group_end; i++) {
                float *to = dst + i * stride + k * unit;
                size_t used = min_size(unit, p->width - i * unit);
                memcpy(to, p->src + k * p->ld + i * unit, used * sizeof *to);
                if (used < unit) memset(to + used, 0, (unit - used) * sizeof *to);
            }
    }
}

/* Four lanes of the baseline instruction set: packing only moves values. */
typedef float vec4 __attribute__((vector_size(16)));

/* dst[k*unit + 0..3] = src[0..3][k] for four k. */
static inline void transpose_4x4(const float *src, size_t ld, float *dst, size_t unit)
{
    vec4 r[4];
    for (size_t i = 0; i < 4; i++) memcpy(&r[i], src + i * ld, sizeof r[i]);
    vec4 a = __builtin_shufflevector(r[0], r[1], 0, 4, 1, 5), b = __builtin_shufflevector(r[2], r[3], 0, 4, 1, 5);
    vec4 c = __builtin_shufflevector(r[0], r[1], 2, 6, 3, 7), d = __builtin_shufflevector(r[2], r[3], 2, 6, 3, 7);
    r[0] = __builtin_shufflevector(a, b, 0, 1, 4, 5);
    r[1] = __builtin_shufflevector(a, b, 2, 3, 6, 7);
    r[2] = __builtin_shufflevector(c, d, 0, 1, 4, 5);
    r[3] = __builtin_shufflevector(c, d, 2, 3, 6, 7);
    for (size_t i = 0; i < 4; i++) memcpy(dst + i * unit, &r[i], sizeof r[i]);
}

/* Rows of the source run along k: transpose. */
static void pack_transposed(const struct cb_pack *p, float *dst, size_t first, size_t end)
{
    size_t unit = p->unit, ld = p->ld, whole = p->k - p->k % 4;
    for (size_t panel = first; panel < end; panel++) {
        size_t used = min_size(unit, p->width - panel * unit);
        const float *src = p->src + panel * unit * ld;
        float *to = dst + panel * cb_panel_len(unit, p->k);
        if (used < unit) memset(to, 0, unit * p->k * sizeof *to);
        /* 4x4 squares; the last one of a row may overlap its neighbour. A cache line of each of four rows at a time:
         * where ld is a power of two, all rows of a panel together would evict one another. */
        size_t squares = used < 4 ? 0 : whole;
        for (size_t line = 0; line < squares; line += 16)
            for (size_t at = 0; at < used; at += 4) {
                size_t i = min_size(at, used - 4), line_end = min_size(line + 16, squares);
                for (size_t k = line; k < line_end; k += 4)
                    transpose_4x4(src + i * ld + k, ld, to + k * unit + i, unit);
            }
        for (size_t k = squares; k < p->k; k++)
            for (size_t i = 0; i < used; i++) to[k * unit + i] = src[i * ld + k];
    }
}

void cb_pack_panels(const struct cb_pack *p, float *dst, size_t piece, size_t pieces)
{
    size_t panels = (p->width + p->unit - 1) / p->unit;
    size_t first = piece * panels / pieces, end = (piece + 1) * panels / pieces;
    if (p->k_major)
        pack_rows(p, dst, first, end);
    else
        pack_transposed(p, dst, first, end);
}
