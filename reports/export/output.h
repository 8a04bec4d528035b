#ifndef CB_REPORT_OUTPUT_H
#define CB_REPORT_OUTPUT_H

#include "../lib/run.h"

/* Replaces path by the bytes: temp file beside it, fsync, rename. The old file's mode stays. On failure it is
 * untouched and the temp file is gone. A link's target is replaced, not the link; a device or pipe is written to. */
bool cb_output_write(const char *path, const char *bytes, size_t size, struct cb_report_error *err);

#endif
