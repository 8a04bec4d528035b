#include "vec/vec_avx2.h"
#include "vec/vec.h"
#include "vec/bf16_emulated.h"
#include "vec/stored_bf16.h"

enum { CB_TILE = 11, CB_DW_CHANNELS = 4 };

#include "conv/conv_body.h"
