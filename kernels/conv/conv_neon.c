#include "vec/vec_neon.h"
#include "vec/vec.h"
#include "vec/stored_f32.h"

#define CB_REGISTERS 32

#include "conv/conv_body.h"
