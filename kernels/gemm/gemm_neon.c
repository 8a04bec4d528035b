#include "core/ops.h"

#include <string.h>

#include "vec/vec_neon.h"
#include "vec/vec.h"

enum { MR = 8 }; /* 24 of 32 q registers accumulate; the rest: NV vectors of B and a broadcast of A */
#define NV 3

#include "gemm/gemm_tile_body.h"
