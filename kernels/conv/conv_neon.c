#include "vec/vec_neon.h"
#include "vec/vec.h"
#include "vec/stored_f32.h"

enum { CB_TILE = 16, CB_DW_CHANNELS = 8 };

#include "conv/conv_body.h"
