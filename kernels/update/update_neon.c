#include "core/ops.h"

#include "vec/vec_neon.h"
#include "vec/vec.h"
#include "update/sgd_body.h"
