#ifndef CB_GEMM_PACK_H
#define CB_GEMM_PACK_H

#include <stddef.h>

/* dst[r * dst_ld + c] = src[r * ld + c] for r < rows, c < columns. */
void cb_copy_rows(const float *src, size_t ld, size_t rows, size_t columns, float *dst, size_t dst_ld);

/* dst[c * dst_ld + r] = src[r * ld + c] for r < rows, c < columns. */
void cb_transpose(const float *src, size_t ld, size_t rows, size_t columns, float *dst, size_t dst_ld);

#endif
