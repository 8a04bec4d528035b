#include "bandwidth_kernels.h"

#include "vec/vec_avx512.h"
#include "vec/vec.h"

#include "bandwidth_body.h"
