#include "core/ops.h"

#include "vec/vec_avx512.h"
#include "vec/vec.h"
#include "update/sgd_body.h"
