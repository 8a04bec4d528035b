#include "gemm/pack.h"

#include <string.h>

#include "core/bf16.h"

void cb_copy_rows(const float *src, size_t ld, size_t rows, size_t columns, float *dst, size_t dst_ld)
{
    for (size_t r = 0; r < rows; r++) memcpy(dst + r * dst_ld, src + r * ld, columns * sizeof *dst);
}

/* Four lanes of the baseline instruction set: packing only moves values. */
typedef float vec4 __attribute__((vector_size(16)));

/* dst[0..3][0..3] = src[0..3][0..3], transposed */
static inline void transpose_4x4(const float *src, size_t ld, float *dst, size_t dst_ld)
{
    vec4 r[4];
    for (size_t i = 0; i < 4; i++) memcpy(&r[i], src + i * ld, sizeof r[i]);
    vec4 a = __builtin_shufflevector(r[0], r[1], 0, 4, 1, 5), b = __builtin_shufflevector(r[2], r[3], 0, 4, 1, 5);
    vec4 c = __builtin_shufflevector(r[0], r[1], 2, 6, 3, 7), d = __builtin_shufflevector(r[2], r[3], 2, 6, 3, 7);
    r[0] = __builtin_shufflevector(a, b, 0, 1, 4, 5);
    r[1] = __builtin_shufflevector(a, b, 2, 3, 6, 7);
    r[2] = __builtin_shufflevector(c, d, 0, 1, 4, 5);
    r[3] = __builtin_shufflevector(c, d, 2, 3, 6, 7);
    for (size_t i = 0; i < 4; i++) memcpy(dst + i * dst_ld, &r[i], sizeof r[i]);
}

/* A cache line of each of four rows at a time: where ld is a power of two, more rows would evict one another. */
void cb_transpose(const float *src, size_t ld, size_t rows, size_t columns, float *dst, size_t dst_ld)
{
    enum { LINE = 16 };
    size_t whole_rows = rows - rows % 4, whole_columns = columns - columns % 4;
    for (size_t line = 0; line < whole_columns; line += LINE) {
        size_t end = line + LINE < whole_columns ? line + LINE : whole_columns;
        for (size_t r = 0; r < whole_rows; r += 4)
            for (size_t c = line; c < end; c += 4) transpose_4x4(src + r * ld + c, ld, dst + c * dst_ld + r, dst_ld);
    }
    const cb_bf16_pair *from = src; /* elements may be pairs */
    cb_bf16_pair *to = dst;
    for (size_t r = 0; r < rows; r++)
        for (size_t c = r < whole_rows ? whole_columns : 0; c < columns; c++) to[c * dst_ld + r] = from[r * ld + c];
}
