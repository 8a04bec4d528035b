#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "bench.h"
#include "regress.h"

/* The files of --out. */

static bool write_markdown(FILE *out, const struct rg_result *result)
{
    char *text = rg_markdown(result);
    if (text) fputs(text, out);
    free(text);
    return text;
}

static bool write_junit(FILE *out, const struct rg_result *result)
{
    rg_write_junit(out, result);
    return true;
}

static bool write_otava(FILE *out, const struct rg_result *result)
{
    rg_write_otava(out, result);
    return true;
}

static const struct {
    const char *name;
    bool (*write)(FILE *out, const struct rg_result *result);
} files[] = {
    {"regress.md", write_markdown},     {"regress.xml", write_junit},
    {"regress.json", rg_write_json},    {"github-action-benchmark.json", rg_write_smaller_is_better},
    {"bencher.json", rg_write_bencher}, {"otava.csv", write_otava},
};

static char *text_of(size_t file, const struct rg_result *result)
{
    char *text = NULL;
    size_t bytes;
    FILE *out = open_memstream(&text, &bytes);
    if (!out) return NULL;
    bool written = files[file].write(out, result) && !ferror(out);
    if (!fclose(out) && written) return text;
    free(text);
    return NULL;
}

static enum cb_status save(const char *folder, const char *name, char *text, struct cb_error *err)
{
    char path[4096];
    snprintf(path, sizeof path, "%.4000s/%s", folder, name);
    enum cb_status status =
        text ? cb_save_text(path, text, err) : cb_fail(err, CB_NO_MEMORY, "out of memory: %s", path);
    free(text);
    return status;
}

enum cb_status rg_write_reports(const struct rg_result *result, const char *folder, struct cb_error *err)
{
    enum cb_status status = CB_OK;
    for (size_t i = 0; i < sizeof files / sizeof *files && !status; i++)
        status = save(folder, files[i].name, text_of(i, result), err);
    return status;
}

enum cb_status rg_check_outputs(const char *folder, const char *history, struct cb_error *err)
{
    if (folder && mkdir(folder, 0777) && errno != EEXIST)
        return cb_fail(err, CB_BAD_INPUT, "--out: %.500s: %s", folder, strerror(errno));
    if (folder && !rg_is_folder(folder)) return cb_fail(err, CB_BAD_INPUT, "--out: %.500s: is no folder", folder);
    return history ? rg_check_history(history, err) : CB_OK;
}
