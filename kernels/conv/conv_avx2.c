#include "vec/vec_avx2.h"
#include "vec/vec.h"
#include "vec/stored_f32.h"

#define CB_REGISTERS 16

#include "conv/conv_body.h"
