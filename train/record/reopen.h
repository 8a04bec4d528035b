#ifndef CB_RECORD_REOPEN_H
#define CB_RECORD_REOPEN_H

#include <stddef.h>

#include "core/status.h"

/* Private to train/record. Cuts a run.jsonl back to what had happened after `iteration` finished iterations: later
 * lines, the end line and a torn last line go. The file is replaced atomically, or left as it is if it is no record of
 * a run. */
enum cb_status cb_record_cut_back(const char *path, size_t iteration, struct cb_error *err);

#endif
