#include "core/ops.h"

#include "vec/vec_avx2.h"
#include "vec/vec.h"
#include "vec/bf16_emulated.h"
#include "vec/stored_bf16.h"
#include "head/pool_body.h"
