#include "core/ops.h"

#include "vec/vec_avx512.h"
#include "vec/vec.h"
#include "vec/bf16_native.h"
#include "vec/stored_bf16.h"
#include "norm/norm_body.h"
