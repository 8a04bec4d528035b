#ifndef CB_GEMM_PACK_H
#define CB_GEMM_PACK_H

#include <stddef.h>

/* An operand of a GEMM, cut along its width (m of A, n of B) into panels [k][unit]: what a register tile reads, in its
 * order. */
struct cb_pack {
    const float *src;
    size_t unit, width, k, ld;
    int k_major; /* src is stored [k][width], else [width][k] */
};

/* Elements of a panel, rounded up so that every panel starts at a 64-byte line. */
size_t cb_panel_len(size_t unit, size_t k);

/* Packs this piece's share (piece of pieces) of the panels into dst, cb_panel_len apart; the last one is padded with
 * zeros. */
void cb_pack_panels(const struct cb_pack *pack, float *dst, size_t piece, size_t pieces);

#endif
