#include "vec/vec_avx2.h"

enum { CB_WINOGRAD_ACCUMULATORS = 12, CB_WINOGRAD_BLOCKS = 1 };

#include "conv/winograd_body.h"
