#include "core/ops.h"

#include "vec/vec_avx512.h"
#include "vec/vec.h"
#include "image/augment_body.h"
