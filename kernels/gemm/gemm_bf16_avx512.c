#include "core/ops.h"

#include <string.h>

#include "vec/vec_avx512.h"
#include "vec/vec.h"
#include "vec/bf16_emulated.h"

enum { MR = 14 }; /* 28 of 32 zmm accumulate; the rest: NV vectors of B and a broadcast of A */
#define NV 2
#define EACH_MR(X) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14)
/* broadcasts within the multiply-adds need no register */
#define EACH_TALL_MR(X) X(15) X(16) X(17) X(18) X(19) X(20) X(21) X(22) X(23) X(24) X(25) X(26) X(27) X(28)

#define CB_GEMM_BF16
#include "gemm/gemm_tile_body.h"
