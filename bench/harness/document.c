#include "document.h"

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gbench.h"
#include "instruments.h"

static json_t *machine(size_t threads, const char *threads_reason, const char *placement)
{
    json_t *block = cb_machine_json(threads);
    if (!block) return NULL;
    json_object_set_new(block, "threads_reason", json_string(threads_reason ? threads_reason : "--threads"));
    json_object_set_new(block, "placement", json_string(placement));
    json_object_set_new(block, "warnings", cb_machine_warnings(block));
    return block;
}

json_t *cb_document(size_t threads, const char *threads_reason, const char *placement, json_t *rows)
{
    return json_pack("{s:o, s:o, s:o}", "machine", machine(threads, threads_reason, placement), "context",
                     cb_gbench_context(), "benchmarks", rows);
}

void cb_document_print_warnings(size_t threads)
{
    size_t i;
    const json_t *warning;
    json_t *block = cb_machine_json(threads), *warnings = block ? cb_machine_warnings(block) : NULL;
    json_array_foreach(warnings, i, warning)
        printf("# warning: %s: %s\n", json_string_value(json_object_get(warning, "subject")),
               json_string_value(json_object_get(warning, "finding")));
    json_decref(warnings);
    json_decref(block);
}

enum cb_status cb_document_check(const char *option, const char *path, struct cb_error *err)
{
    struct stat there;
    char folder[PATH_MAX];
    if (!path) return CB_OK;
    if ((size_t)snprintf(folder, sizeof folder, "%s", path) >= sizeof folder)
        return cb_fail(err, CB_BAD_INPUT, "%s: %.64s...: this name is too long", option, path);
    bool exists = !stat(path, &there);
    if (exists && S_ISDIR(there.st_mode)) return cb_fail(err, CB_BAD_INPUT, "%s: %s: is a folder", option, path);
    /* A file is replaced as a whole, which takes place in its folder; a device is written to. */
    const char *needed = exists && !S_ISREG(there.st_mode) ? path : dirname(folder);
    if (!access(needed, W_OK)) return CB_OK;
    return cb_fail(err, CB_IO_ERROR, "%s: %s: cannot be written: %s", option, path, strerror(errno));
}
