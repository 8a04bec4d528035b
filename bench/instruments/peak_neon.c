#include "peak_kernels.h"

#include "vec/vec_neon.h"
#include "vec/vec.h"

enum { CHAINS = 24 };

#include "peak_body.h"
