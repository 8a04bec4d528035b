#include "core/ops.h"

#include "vec/vec_neon.h"
#include "vec/vec.h"
#include "vec/stored_f32.h"
#include "head/pool_body.h"
