#include "peak_kernels.h"

#include "vec/vec_avx2.h"
#include "vec/vec.h"

enum { CHAINS = 12 };

#include "peak_body.h"
