#include "core/ops.h"

#include <string.h>

#include "vec/vec_avx512.h"
#include "vec/vec.h"
#include "vec/bf16_native.h"

enum { MR = 14 }; /* 28 of 32 zmm accumulate; the rest: NV vectors of B and a broadcast of A */
#define NV 2
#define EACH_MR(X) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14)

#define CB_GEMM_BF16
#include "gemm/gemm_tile_body.h"
