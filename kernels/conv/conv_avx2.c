#include "vec/vec_avx2.h"

enum { CB_TILE = 11, CB_DW_CHANNELS = 4 };

#include "conv/conv_body.h"
