#include "fingerprints.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "files/files.h"
#include "find.h"
#include "visit.h"

static const size_t max_bytes = 1 << 20;

static bool is_file(const char *path)
{
    return !access(path, R_OK);
}

const struct cb_score_fingerprint *cb_fingerprints_find(const struct cb_score_fingerprints *f, const char *recipe,
                                                        enum cb_numerics numerics)
{
    for (size_t i = 0; i < f->n; i++)
        if (f->line[i].numerics == numerics && !strcmp(f->line[i].recipe, recipe)) return &f->line[i];
    return NULL;
}

static bool is_hex(const char *text)
{
    return strlen(text) == CB_SHA256_HEX - 1 && strspn(text, "0123456789abcdef") == CB_SHA256_HEX - 1;
}

static enum cb_status read_line(struct cb_score_fingerprints *f, const char *line, size_t number, struct cb_error *err)
{
    struct cb_score_fingerprint found = {0};
    char numerics[32], more;
    const int fields =
        sscanf(line, "%127s %31s %zu %64s %c", found.recipe, numerics, &found.iterations, found.hex, &more);
    if (fields <= 0 || found.recipe[0] == '#') return CB_OK;
    found.numerics = fields > 1 ? cb_numerics_find(numerics) : CB_NUMERICS_COUNT;
    if (fields != 4 || found.numerics == CB_NUMERICS_COUNT || !is_hex(found.hex) || found.iterations < 2 ||
        found.iterations > CB_VISIT_MAX_STEPS + 1)
        return cb_fail(err, CB_BAD_INPUT,
                       "%.800s:%zu: expected a recipe, a numerics version, 2 to %d iterations and a SHA-256 in hex",
                       f->path, number, CB_VISIT_MAX_STEPS + 1);
    if (cb_fingerprints_find(f, found.recipe, found.numerics))
        return cb_fail(err, CB_BAD_INPUT, "%.800s:%zu: the second line of %s %s", f->path, number, found.recipe,
                       numerics);
    if (f->n == CB_MAX_FINGERPRINTS)
        return cb_fail(err, CB_BAD_INPUT, "%.800s:%zu: more than %d fingerprints", f->path, number,
                       CB_MAX_FINGERPRINTS);
    f->line[f->n++] = found;
    return CB_OK;
}

static enum cb_status find(struct cb_score_fingerprints *f, struct cb_error *err)
{
    const char *chosen = getenv("CYCLEBENCH_FINGERPRINTS");
    if (chosen && *chosen) {
        if ((size_t)snprintf(f->path, sizeof f->path, "%s", chosen) < sizeof f->path && is_file(f->path)) return CB_OK;
        return cb_fail(err, CB_BAD_INPUT, "CYCLEBENCH_FINGERPRINTS is %.900s: no file that can be read", chosen);
    }
    if (cb_find_beside_program(f->path, "bench/score/fingerprints.txt", "fingerprints.txt", is_file)) return CB_OK;
    return cb_fail(err, CB_UNAVAILABLE,
                   "fingerprints.txt is not found beside the program; set CYCLEBENCH_FINGERPRINTS to its path");
}

enum cb_status cb_fingerprints_read(struct cb_score_fingerprints *f, struct cb_error *err)
{
    _Static_assert(sizeof f->path == PATH_MAX, "cb_find_beside_program writes it");
    struct cb_bytes bytes;
    *f = (struct cb_score_fingerprints){0};
    enum cb_status status = find(f, err);
    if (status == CB_OK) status = cb_read_file(&bytes, f->path, max_bytes, err);
    if (status != CB_OK) return status;
    char *text = strndup((const char *)bytes.data, bytes.len), *rest = text;
    free(bytes.data);
    if (!text) return cb_fail(err, CB_NO_MEMORY, "%.800s: out of memory", f->path);
    for (size_t number = 1; rest && status == CB_OK; number++) status = read_line(f, strsep(&rest, "\n"), number, err);
    free(text);
    return status;
}

void cb_fingerprints_print(const struct cb_score_fingerprint *f)
{
    printf("%s %s %zu %s\n", f->recipe, cb_numerics_name(f->numerics), f->iterations, f->hex);
}
