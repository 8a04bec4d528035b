#include "bandwidth_kernels.h"

#include "vec/vec_neon.h"
#include "vec/vec.h"

#include "bandwidth_body.h"
