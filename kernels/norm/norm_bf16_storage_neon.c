#include "core/ops.h"

#include "vec/vec_neon.h"
#include "vec/vec.h"
#include "vec/bf16_emulated.h"
#include "vec/stored_bf16.h"
#include "norm/norm_body.h"
