#include "vec/vec_neon.h"
#include "vec/vec.h"
#include "vec/bf16_emulated.h"
#include "vec/stored_bf16.h"

#define CB_REGISTERS 32

#include "conv/conv_body.h"
