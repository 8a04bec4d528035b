#include "vec/vec_avx512.h"
#include "vec/vec.h"
#include "vec/bf16_emulated.h"
#include "vec/stored_bf16.h"

enum { CB_TILE = 16, CB_DW_CHANNELS = 8 };

#include "conv/conv_body.h"
