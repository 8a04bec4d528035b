#include "core/ops.h"

#include <string.h>

#include "vec/vec_avx512.h"
#include "vec/vec.h"

enum { MR = 14 }; /* 28 of 32 zmm accumulate; the rest: NV vectors of B and a broadcast of A */
#define NV 2

#include "gemm/gemm_tile_body.h"
