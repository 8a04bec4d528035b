#include "record/reopen.h"

#include <errno.h>
#include <jansson.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "record/record.h"

/* 64,000 iteration lines are 11 MB. */
static const size_t max_record_bytes = (size_t)1 << 30;

/* A file that is not there is an empty text with data == NULL. */
static enum cb_status read_record(struct cb_bytes *text, const char *path, struct cb_error *err)
{
    *text = (struct cb_bytes){NULL, 0};
    if (access(path, F_OK) && errno == ENOENT) return CB_OK;
    return cb_read_file(text, path, max_record_bytes, err);
}

/* The next whole line, with its newline; NULL at the end or before a torn last line. */
static const char *next_line(const struct cb_bytes *text, size_t *at, size_t *len)
{
    if (*at >= text->len) return NULL;
    const char *line = (const char *)text->data + *at, *newline = memchr(line, '\n', text->len - *at);
    if (!newline) return NULL;
    *len = (size_t)(newline + 1 - line);
    *at += *len;
    return line;
}

/* --- choosing ----------------------------------------------------------------------------------------------------- */

struct choice {
    size_t iteration, epochs; /* where the run goes on */
    size_t next_epoch;        /* the epoch line that is due, from 1 */
    int has_header, damaged;
};

/* Whether a line stays. Epochs come in order; a gap is seen by the next one's number, or at the end. */
static int stays(struct choice *c, const json_t *line)
{
    const char *type = json_string_value(json_object_get(line, "type"));
    if (type && !strcmp(type, "end")) return 0;
    if (type && !strcmp(type, "header")) {
        const int first = !c->has_header;
        c->damaged |= !first;
        c->has_header = 1;
        return first;
    }
    const json_t *at = json_object_get(line, "iteration");
    if (!type || !json_is_integer(at) || json_integer_value(at) < 0) {
        c->damaged = 1;
        return 0;
    }
    /* Iteration lines carry their index, the others the number of finished iterations. */
    const size_t finished = (size_t)json_integer_value(at) + !strcmp(type, "iteration");
    if (finished > c->iteration) return 0;
    if (strcmp(type, "epoch")) return 1;
    const size_t epoch = (size_t)json_integer_value(json_object_get(line, "epoch"));
    /* A session finished the evaluation that the one before had stopped, and was killed: it begins again. */
    if (epoch == c->epochs + 1 && finished == c->iteration) return 0;
    if (epoch < c->next_epoch || epoch > c->epochs) {
        c->damaged = 1;
        return 0;
    }
    return 1;
}

enum cb_status cb_record_keep(struct cb_kept_lines *kept, const char *path, size_t iteration, size_t epochs,
                              struct cb_error *err)
{
    *kept = (struct cb_kept_lines){0};
    enum cb_status status = read_record(&kept->text, path, err);
    if (status) return status;
    struct choice c = {.iteration = iteration, .epochs = epochs, .next_epoch = 1};
    size_t at = 0, len, length = 0;
    for (const char *text; (text = next_line(&kept->text, &at, &len));) {
        json_error_t reason;
        json_t *line = json_loadb(text, len, JSON_REJECT_DUPLICATES, &reason);
        if (!line && json_error_code(&reason) == json_error_out_of_memory) {
            free(kept->text.data);
            return cb_fail(err, CB_NO_MEMORY, "%s: out of memory for its lines", path);
        }
        c.damaged |= !line;
        const int keep = line && stays(&c, line);
        if (keep && !strcmp(json_string_value(json_object_get(line, "type")), "epoch")) {
            const size_t epoch = (size_t)json_integer_value(json_object_get(line, "epoch"));
            kept->missing_epochs += epoch - c.next_epoch;
            c.next_epoch = epoch + 1;
        }
        json_decref(line);
        if (!keep) continue;
        memmove(kept->text.data + length, text, len);
        length += len;
    }
    kept->text.len = length;
    kept->has_header = c.has_header;
    kept->missing_epochs += epochs + 1 - c.next_epoch;
    kept->damaged = c.damaged || !c.has_header || kept->missing_epochs;
    return CB_OK;
}

/* Where the file system has no hard links. */
static int copy_file(const char *path, const char *to)
{
    struct cb_bytes text;
    if (!access(to, F_OK)) {
        errno = EEXIST;
        return -1;
    }
    struct cb_error err;
    enum cb_status status = cb_read_file(&text, path, max_record_bytes, &err);
    if (!status) status = cb_write_file(to, &text, 1, &err);
    free(text.data);
    return status ? -1 : 0;
}

static int second_name(const char *path, const char *to)
{
    if (!link(path, to)) return 0;
    return errno == EPERM || errno == EOPNOTSUPP || errno == ENOSYS ? copy_file(path, to) : -1;
}

enum cb_status cb_record_set_aside(const char *path, struct cb_error *warning, struct cb_error *err)
{
    char aside[PATH_MAX];
    for (int n = 1; n < 1000; n++) {
        const int len = n == 1 ? snprintf(aside, sizeof aside, "%s.damaged", path)
                               : snprintf(aside, sizeof aside, "%s.damaged.%d", path, n);
        if (len >= (int)sizeof aside) break;
        if (!second_name(path, aside)) {
            cb_fail(warning, CB_OK,
                    "%s is damaged or lacks epochs: it is kept as %s, the run goes on with its good lines", path,
                    aside);
            return CB_OK;
        }
        if (errno == EEXIST) continue;
        if (errno == ENOENT) {
            cb_fail(warning, CB_OK, "%s is missing: the run goes on with a new one", path);
            return CB_OK;
        }
        return cb_fail(err, CB_IO_ERROR, "%s is damaged and cannot be kept as %s: %s", path, aside, strerror(errno));
    }
    return cb_fail(err, CB_IO_ERROR, "%s is damaged, and no name is free to keep it beside it", path);
}

/* --- looking ------------------------------------------------------------------------------------------------------ */

enum cb_status cb_record_look(struct cb_record_glance *glance, const char *path, struct cb_error *err)
{
    *glance = (struct cb_record_glance){0};
    struct cb_bytes text;
    enum cb_status status = read_record(&text, path, err);
    if (status) return status;
    glance->exists = text.data != NULL;
    size_t at = 0, len;
    for (const char *line; (line = next_line(&text, &at, &len));) {
        json_error_t reason;
        json_t *json = json_loadb(line, len, 0, &reason);
        if (!json && json_error_code(&reason) == json_error_out_of_memory) {
            free(text.data);
            return cb_fail(err, CB_NO_MEMORY, "%s: out of memory for its lines", path);
        }
        const char *type = json_string_value(json_object_get(json, "type"));
        if (!glance->begun && type && !strcmp(type, "header")) {
            const char *name = json_string_value(json_object_get(json, "name"));
            snprintf(glance->name, sizeof glance->name, "%s", name ? name : "");
            glance->train_images = (size_t)json_integer_value(json_object_get(json, "train_images"));
            glance->begun = 1;
        }
        const double accuracy = json_number_value(json_object_get(json, "eval_accuracy_percent"));
        if (type && !strcmp(type, "epoch")) glance->best_percent = fmax(glance->best_percent, accuracy);
        const int ended = type && !strcmp(type, "end");
        const char *how = ended ? json_string_value(json_object_get(json, "status")) : "";
        snprintf(glance->status, sizeof glance->status, "%s", how ? how : "?");
        if (ended) {
            glance->iterations = (size_t)json_integer_value(json_object_get(json, "iterations"));
            glance->seconds = json_number_value(json_object_get(json, "seconds"));
        }
        json_decref(json);
    }
    free(text.data);
    return CB_OK;
}
