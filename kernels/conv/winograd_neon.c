#include "vec/vec_neon.h"

enum { CB_WINOGRAD_ACCUMULATORS = 24, CB_WINOGRAD_BLOCKS = 1 };

#include "conv/winograd_body.h"
