#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "json_text.h"
#include "regress.h"

void rg_now(char text[32])
{
    time_t now = time(NULL);
    struct tm utc;
    strftime(text, 32, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &utc));
}

/* One line a run, all numbers of HEAD. */
static char *history_line(const struct rg_result *result)
{
    char when[32];
    rg_now(when);
    json_t *cases = json_array();
    for (size_t i = 0; i < result->n; i++) {
        const struct rg_case *c = &result->cases[i];
        if (rg_has_number(c))
            json_array_append_new(cases,
                                  json_pack("{s:o, s:o, s:s, s:f}", "name", cb_json_text(c->name), "source",
                                            cb_json_text(c->source), "unit", rg_kinds[c->kind].unit, "value", c->head));
    }
    json_t *run = json_pack("{s:i, s:s, s:s, s:s, s:o}", "history", 1, "time", when, "commit", result->commit,
                            "verdict", result->verdict, "cases", cases);
    char *text = json_dumps(run, JSON_COMPACT | JSON_REAL_PRECISION(12)), *line = NULL;
    if (text && asprintf(&line, "%s\n", text) < 0) line = NULL;
    free(text);
    json_decref(run);
    return line;
}

/* Opens it at its end; *end: where that is. A last line that was cut off is not joined with ours. Locked, so that two runs
 * do not mix. */
static enum cb_status open_history(int *fd, off_t *end, const char *path, struct cb_error *err)
{
    char last = '\n';
    *fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    *end = *fd < 0 || flock(*fd, LOCK_EX) ? -1 : lseek(*fd, 0, SEEK_END);
    if (*end > 0 && pread(*fd, &last, 1, *end - 1) != 1) *end = -1;
    if (*end < 0) return cb_fail(err, CB_BAD_INPUT, "--history: %.500s: %s", path, strerror(errno));
    if (last == '\n') return CB_OK;
    return cb_fail(err, CB_BAD_INPUT, "--history: %.500s: its last line is cut off at byte %lld: mend it first", path,
                   (long long)*end);
}

enum cb_status rg_check_history(const char *path, struct cb_error *err)
{
    int fd;
    off_t end;
    enum cb_status status = open_history(&fd, &end, path, err);
    if (fd >= 0) close(fd);
    return status;
}

enum cb_status rg_append_history(const struct rg_result *result, const char *path, struct cb_error *err)
{
    char *line = history_line(result);
    if (!line) return cb_fail(err, CB_NO_MEMORY, "out of memory for %.500s", path);
    int fd;
    off_t end;
    size_t bytes = strlen(line);
    enum cb_status status = open_history(&fd, &end, path, err);
    if (!status && (write(fd, line, bytes) != (ssize_t)bytes || fsync(fd))) {
        status = cb_fail(err, CB_IO_ERROR, "--history: %.500s: %s", path, strerror(errno));
        if (ftruncate(fd, end)) cb_fail(err, status, "--history: %.500s: its last line is cut off", path);
    }
    if (fd >= 0) close(fd);
    free(line);
    return status;
}
