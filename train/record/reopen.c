#include "record/reopen.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "checkpoint/files.h"

/* 64,000 iteration lines are 11 MB. */
static const size_t max_record_bytes = (size_t)1 << 30;

/* Whether a line belongs to the first `iteration` iterations; -1 if it is no line of a record. */
static int belongs(const json_t *line, size_t iteration)
{
    const char *type = json_string_value(json_object_get(line, "type"));
    if (!type) return -1;
    if (!strcmp(type, "header")) return 1;
    if (!strcmp(type, "end")) return 0;
    const json_t *at = json_object_get(line, "iteration");
    if (!json_is_integer(at) || json_integer_value(at) < 0) return -1;
    /* Iteration lines carry their index, the others the number of finished iterations. */
    const size_t finished = (size_t)json_integer_value(at) + !strcmp(type, "iteration");
    return finished <= iteration;
}

/* Moves the lines that stay to the front of the text. */
static enum cb_status keep_lines(struct cb_bytes *text, const char *path, size_t iteration, struct cb_error *err)
{
    const char *data = (const char *)text->data;
    size_t kept = 0, number = 0;
    for (size_t at = 0; at < text->len;) {
        const char *newline = memchr(data + at, '\n', text->len - at);
        if (!newline) break; /* torn by a power cut or a kill */
        const size_t len = (size_t)(newline + 1 - (data + at));
        json_error_t reason;
        json_t *line = json_loadb(data + at, len, JSON_REJECT_DUPLICATES, &reason);
        const int keep = line ? belongs(line, iteration) : -1;
        json_decref(line);
        number++;
        if (keep < 0) return cb_fail(err, CB_BAD_INPUT, "%s:%zu: not a line of a run's record", path, number);
        if (keep) {
            memmove(text->data + kept, text->data + at, len);
            kept += len;
        }
        at += len;
    }
    text->len = kept;
    return CB_OK;
}

enum cb_status cb_record_cut_back(const char *path, size_t iteration, struct cb_error *err)
{
    struct cb_bytes text;
    enum cb_status status = cb_read_file(&text, path, max_record_bytes, err);
    if (status) return status;
    status = keep_lines(&text, path, iteration, err);
    if (!status) status = cb_write_file(path, &text, 1, err);
    free(text.data);
    return status;
}
