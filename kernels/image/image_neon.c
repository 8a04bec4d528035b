#include "core/ops.h"

#include "vec/vec_neon.h"
#include "vec/vec.h"
#include "image/augment_body.h"
