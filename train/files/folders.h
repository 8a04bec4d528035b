#ifndef CB_FOLDERS_H
#define CB_FOLDERS_H

#include "core/status.h"

/* Makes the folder and those above it where they are missing, as mkdir -p does. */
enum cb_status cb_make_folders(const char *path, struct cb_error *err);

#endif
