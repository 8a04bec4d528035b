#include "vec/vec_neon.h"
#include "vec/vec.h"
#include "vec/stored_f32.h"
#include "conv/products_f32_body.h"

enum { CB_WINOGRAD_ACCUMULATORS = 24, CB_WINOGRAD_BLOCKS = 1 };

#include "conv/winograd_body.h"
