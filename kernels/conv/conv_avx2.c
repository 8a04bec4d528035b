#include "vec/vec_avx2.h"
#include "vec/vec.h"
#include "vec/stored_f32.h"

enum { CB_TILE = 11, CB_DW_CHANNELS = 4 };

#include "conv/conv_body.h"
