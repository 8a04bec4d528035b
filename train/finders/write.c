#include "finders/results.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "files/folders.h"

static enum cb_status path_in(char path[PATH_MAX], const char *folder, const char *name, struct cb_error *err)
{
    if ((size_t)snprintf(path, PATH_MAX, "%s/%s", folder, name) < PATH_MAX) return CB_OK;
    return cb_fail(err, CB_BAD_INPUT, "--out: %.100s...: path too long", folder);
}

enum cb_status cb_results_open(const char *folder, struct cb_error *err)
{
    char path[PATH_MAX];
    const enum cb_status status = path_in(path, folder, "finder.json", err);
    if (status) return status;
    if (!access(path, F_OK))
        return cb_fail(err, CB_BAD_INPUT, "--out: %s already holds a finder's results; expected another folder",
                       folder);
    return cb_make_folders(folder, err);
}

/* Everything that the stream gives, in fresh memory. */
static char *read_all(FILE *in, size_t *len)
{
    char *data = NULL, block[4096];
    FILE *out = open_memstream(&data, len);
    for (size_t n; out && (n = fread(block, 1, sizeof block, in)) > 0;) fwrite(block, 1, n, out);
    if (out && !fclose(out)) return data;
    free(data);
    return NULL;
}

/* gnuplot's SVG of a script. It is not there: CB_UNAVAILABLE. */
static enum cb_status run_gnuplot(struct cb_bytes *svg, const struct cb_bytes *script, struct cb_error *err)
{
    FILE *file = tmpfile();
    if (!file || fwrite(script->data, 1, script->len, file) != script->len || fflush(file)) {
        if (file) fclose(file);
        return cb_fail(err, CB_IO_ERROR, "gnuplot's script cannot be written to a temporary file");
    }
    char command[64];
    snprintf(command, sizeof command, "gnuplot /dev/fd/%d", fileno(file));
    FILE *in = popen(command, "r");
    svg->data = in ? (uint8_t *)read_all(in, &svg->len) : NULL;
    const int status = in ? pclose(in) : -1;
    fclose(file);
    if (status == 0 && svg->data && svg->len) return CB_OK;
    free(svg->data);
    *svg = (struct cb_bytes){NULL, 0};
    if (status != -1 && WIFEXITED(status) && WEXITSTATUS(status) == 127)
        return cb_fail(err, CB_UNAVAILABLE,
                       "gnuplot is missing: apt install gnuplot-nox, or the package of your system");
    return cb_fail(err, CB_FAILED, "gnuplot failed; its message is above");
}

static enum cb_status write_one(const char *folder, const char *name, const struct cb_bytes *text, struct cb_error *err)
{
    char path[PATH_MAX];
    const enum cb_status status = path_in(path, folder, name, err);
    return status ? status : cb_write_file(path, text, 1, err);
}

enum cb_status cb_results_write(const char *folder, const struct cb_search *search, const struct cb_bytes *json,
                                struct cb_error *err)
{
    struct cb_bytes csv = {NULL, 0}, script = {NULL, 0}, svg = {NULL, 0};
    enum cb_status status = cb_results_csv(&csv, search, err);
    if (status == CB_OK) status = cb_results_plot(&script, search, err);
    if (status == CB_OK) status = write_one(folder, "curve.csv", &csv, err);
    struct cb_error problem;
    const enum cb_status drawn = status == CB_OK ? run_gnuplot(&svg, &script, &problem) : CB_UNAVAILABLE;
    if (status == CB_OK && drawn == CB_OK) status = write_one(folder, "lr-find.svg", &svg, err);
    if (status == CB_OK && drawn == CB_UNAVAILABLE)
        fprintf(stderr, "%s: no lr-find.svg: %s\n", search->options.program, problem.text);
    if (status == CB_OK && drawn != CB_OK && drawn != CB_UNAVAILABLE) status = cb_fail(err, drawn, "%s", problem.text);
    if (status == CB_OK) status = write_one(folder, "finder.json", json, err);
    free(csv.data);
    free(script.data);
    free(svg.data);
    return status;
}
