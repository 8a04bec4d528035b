#include "core/ops.h"

#include <string.h>

#include "vec/vec_neon.h"
#include "vec/vec.h"
#include "vec/bf16_emulated.h"

enum { MR = 8 }; /* 24 of 32 q registers accumulate; the rest: NV vectors of B and a broadcast of A */
#define NV 3
#define EACH_MR(X) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8)

#define CB_GEMM_BF16
#include "gemm/gemm_tile_body.h"
