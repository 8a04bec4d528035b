#ifndef CB_RECORD_LINE_H
#define CB_RECORD_LINE_H

#include <jansson.h>

#include "files/files.h"

/* One JSON object that is whole or refused, never without a member that should be there. */
struct line {
    json_t *object;
    int failed; /* a member could not be made */
};

struct line cb_line_new(const char *type);
void cb_line_put(struct line *line, const char *key, json_t *value); /* takes value; NULL: could not be made */
void cb_line_null(struct line *line, const char *key, const char *reason);
void cb_line_real(struct line *line, const char *key, double x); /* NaN and infinity become null with a reason */
void cb_line_count(struct line *line, const char *key, size_t n);
void cb_line_known(struct line *line, const char *key, double x, const char *reason); /* negative: null */
/* text in UTF-8, each byte that is none replaced by U+FFFD; NULL: null with the reason. */
void cb_line_text(struct line *line, const char *key, const char *text, const char *reason);

/* The line's text with its newline, numbers with so many digits, in fresh memory; the object is freed. */
enum cb_status cb_line_finish(struct cb_bytes *text, struct line *line, size_t digits, struct cb_error *err);

#endif
