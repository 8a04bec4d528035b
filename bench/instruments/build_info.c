#include "instruments.h"

#include "build_info.h"

const char cb_build_compiler[] = CB_BUILD_COMPILER;
const char cb_build_flags[] = CB_BUILD_FLAGS;
const char cb_build_commit[] = CB_BUILD_COMMIT;
const char cb_build_version[] = CB_BUILD_VERSION;
