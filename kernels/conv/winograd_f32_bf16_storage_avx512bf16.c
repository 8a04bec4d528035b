#include "vec/vec_avx512.h"
#include "vec/vec.h"
#include "vec/bf16_native.h"
#include "vec/stored_bf16.h"
#include "conv/products_f32_body.h"

enum { CB_WINOGRAD_ACCUMULATORS = 16, CB_WINOGRAD_BLOCKS = 2 };

#define CB_NO_WEIGHTS
#define CB_NO_BACKWARD
#include "conv/winograd_body.h"
