#ifndef CB_RECORD_REOPEN_H
#define CB_RECORD_REOPEN_H

#include "files/files.h"

/* Private to train/record: what of a run.jsonl stays when its run goes on. */
struct cb_kept_lines {
    struct cb_bytes text; /* the good lines of the first `iteration` iterations, free(text.data) */
    int has_header;
    int damaged; /* a line is no line of a record, the header or an epoch is missing, a line stands twice */
    size_t missing_epochs;
};

/* Reads path and chooses; path is not changed. A file that is not there counts as an empty one. */
enum cb_status cb_record_keep(struct cb_kept_lines *kept, const char *path, size_t iteration, size_t epochs,
                              struct cb_error *err);

/* Gives the file a second name, <path>.damaged or <path>.damaged.N; warning says so. */
enum cb_status cb_record_set_aside(const char *path, struct cb_error *warning, struct cb_error *err);

#endif
