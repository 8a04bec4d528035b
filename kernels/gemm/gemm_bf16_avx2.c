#include "core/ops.h"

#include <string.h>

#include "vec/vec_avx2.h"
#include "vec/vec.h"
#include "vec/bf16_emulated.h"

enum { MR = 6 }; /* 12 of 16 ymm accumulate; the rest: NV vectors of B and a broadcast of A */
#define NV 2
#define EACH_MR(X) X(1) X(2) X(3) X(4) X(5) X(6)

#define CB_GEMM_BF16
#include "gemm/gemm_tile_body.h"
