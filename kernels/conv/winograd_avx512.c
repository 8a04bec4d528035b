#include "vec/vec_avx512.h"

enum { CB_WINOGRAD_ACCUMULATORS = 16, CB_WINOGRAD_BLOCKS = 2 };

#include "conv/winograd_body.h"
