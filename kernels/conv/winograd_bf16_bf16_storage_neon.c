#include "vec/vec_neon.h"
#include "vec/vec.h"
#include "vec/bf16_emulated.h"
#include "vec/stored_bf16.h"
#include "conv/products_bf16_emulated_body.h"

enum { CB_WINOGRAD_ACCUMULATORS = 24, CB_WINOGRAD_BLOCKS = 1 };

#define CB_NO_WEIGHTS
#include "conv/winograd_body.h"
