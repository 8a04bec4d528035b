#include "core/ops.h"

#include <string.h>

#include "vec/vec_avx2.h"
#include "vec/vec.h"

enum { MR = 6 }; /* 12 of 16 ymm accumulate; the rest: NV vectors of B and a broadcast of A */
#define NV 2

#include "gemm/gemm_tile_body.h"
