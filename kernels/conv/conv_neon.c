#include "vec/vec_neon.h"

enum { CB_TILE = 16, CB_DW_CHANNELS = 8 };

#include "conv/conv_body.h"
