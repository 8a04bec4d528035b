#include "recipes/ini_reader.h"

#include <ini.h>
#include <string.h>

/* inih reads lines of up to 199 characters and would silently take the rest of a longer one for a line of its own. */
enum { INI_LINE_CHARS = 197 };

struct reader {
    const char *next, *end;
    int line; /* number of the line that was handed out last */
    const char *file;
    cb_ini_handler *handler;
    void *context;
    enum cb_status status;
    struct cb_error *err;
};

/* fgets over memory for inih. Leading blanks go, because inih would take an indented line for the continuation of a
 * value. */
static char *read_line(char *line, int bytes, void *context)
{
    struct reader *r = context;
    if (r->status || r->next == r->end) return NULL;
    const char *newline = memchr(r->next, '\n', (size_t)(r->end - r->next));
    const char *stop = newline ? newline : r->end;
    const char *start = r->next;
    r->line++;
    r->next = newline ? newline + 1 : r->end;
    while (start < stop && (*start == ' ' || *start == '\t')) start++;
    const size_t len = (size_t)(stop - start);
    if (len > INI_LINE_CHARS || len + 2 > (size_t)bytes || memchr(start, '\0', len)) {
        r->status = cb_fail(r->err, CB_BAD_INPUT, "%s:%d: %s", r->file, r->line,
                            len > INI_LINE_CHARS ? "line longer than 197 characters" : "line holds a zero byte");
        return NULL;
    }
    memcpy(line, start, len);
    line[len] = '\n';
    line[len + 1] = '\0';
    return line;
}

static int on_value(void *context, const char *section, const char *name, const char *value)
{
    struct reader *r = context;
    if (r->status) return 0;
    const struct cb_ini_key key = {r->file, r->line, section, name, value};
    r->status = r->handler(r->context, &key, r->err);
    return !r->status;
}

enum cb_status cb_ini_read(const char *text, size_t len, const char *file, cb_ini_handler *handler, void *context,
                           struct cb_error *err)
{
    struct reader reader = {text, text + len, 0, file, handler, context, CB_OK, err};
    const int bad_line = ini_parse_stream(read_line, &reader, on_value, &reader);
    /* inih reads on after a bad line and returns the first one, which may come before the one that status is about. */
    if (bad_line > 0 && (!reader.status || bad_line < reader.line))
        return cb_fail(err, CB_BAD_INPUT, "%s:%d: expected `key = value`, `[section]` or a comment", file, bad_line);
    return reader.status;
}
