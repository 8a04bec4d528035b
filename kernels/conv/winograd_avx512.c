#include "vec/vec_avx512.h"

enum {
    CB_WINOGRAD_ACCUMULATORS = 16,
    CB_WINOGRAD_BLOCKS = 2,
    CB_WINOGRAD_TILES_16 = 16,
    CB_WINOGRAD_TILES_32 = 16,
    CB_WINOGRAD_TILES_64 = 32
};

#include "conv/winograd_body.h"
