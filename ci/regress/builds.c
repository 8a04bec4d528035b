#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "regress.h"

/* Training: the bits of a short run and its peak memory; and the sizes of the programs. */

static const double soft_limit_percent = 2;

struct training {
    char fingerprint[96]; /* "": reason says why */
    double peak_bytes;
    char reason[256];
};

/* The last line of the run's record. */
static json_t *end_of(const char *folder)
{
    char path[512], *line = NULL;
    size_t room = 0;
    json_t *end = NULL;
    snprintf(path, sizeof path, "%.400s/run/run.jsonl", folder);
    FILE *file = fopen(path, "re");
    while (file && getline(&line, &room, file) > 0) {
        json_decref(end);
        end = json_loads(line, 0, NULL);
    }
    free(line);
    if (file) fclose(file);
    return end;
}

static void remove_folder(const char *folder)
{
    const char *const argv[] = {"rm", "-rf", folder, NULL};
    char *out;
    int status;
    rg_run(argv, &out, &status);
    free(out);
}

/* Of the build in `folder`, on the synthetic images there. */
static void train(struct training *t, const char *build, const char *folder)
{
    char program[4096], run[512], *out;
    int status;
    *t = (struct training){.peak_bytes = NAN};
    snprintf(program, sizeof program, "%.4000s/cyclebench-train", build);
    snprintf(run, sizeof run, "%s/run", folder);
    const char *const argv[] = {program,     "smoke", "--data",           folder, "--run",   run,
                                "--threads", "1",     "--max-iterations", "3",    "--quiet", NULL};
    bool ran = rg_run(argv, &out, &status);
    json_t *end = ran ? end_of(folder) : NULL, *peak = json_object_get(end, "peak_memory_bytes");
    const char *fingerprint = json_string_value(json_object_get(end, "loss_fingerprint"));
    if (!ran)
        snprintf(t->reason, sizeof t->reason, "cyclebench-train ended with status %d", status);
    else if (!fingerprint)
        snprintf(t->reason, sizeof t->reason, "its record has no loss_fingerprint");
    else
        snprintf(t->fingerprint, sizeof t->fingerprint, "%s", fingerprint);
    if (json_is_number(peak)) t->peak_bytes = json_number_value(peak);
    json_decref(end);
    free(out);
    remove_folder(run);
}

static bool make_images(const char *build, const char *folder)
{
    char program[4096], *out;
    int status;
    snprintf(program, sizeof program, "%.4000s/cyclebench-data", build);
    const char *const argv[] = {program, "synth", "--data", folder, "--images", "100", NULL};
    bool made = rg_run(argv, &out, &status);
    free(out);
    return made;
}

static void compare_training(struct rg_result *result, const char *base, const char *head)
{
    struct training b, h;
    char folder[] = P_tmpdir "/cyclebench-regress-XXXXXX";
    bool there = mkdtemp(folder), ready = there && make_images(head, folder);
    if (!ready) {
        rg_note(result, "training: HEAD's cyclebench-data makes no images");
        if (there) remove_folder(folder);
        return;
    }
    train(&b, base, folder);
    train(&h, head, folder);
    remove_folder(folder);
    struct rg_case c = {.kind = RG_FINGERPRINT,
                        .name = "smoke",
                        .source = "training",
                        .base = NAN,
                        .head = NAN,
                        .base_text = *b.fingerprint ? b.fingerprint : NULL,
                        .head_text = *h.fingerprint ? h.fingerprint : NULL,
                        .hard = true};
    if (!c.base_text) {
        c.verdict = RG_NOT_COUNTED;
        c.reason = b.reason;
    } else if (!c.head_text) {
        c.verdict = RG_SKIPPED;
        c.reason = h.reason;
    } else if (strcmp(c.base_text, c.head_text)) {
        c.verdict = RG_REGRESSED;
        c.reason = "other bits: only a new numerics version may have them";
    }
    rg_add(result, &c);
    struct rg_case memory = {.kind = RG_MEMORY,
                             .name = "smoke/peak_memory",
                             .source = "training",
                             .base = b.peak_bytes,
                             .head = h.peak_bytes,
                             .limit_percent = soft_limit_percent};
    if (isnan(b.peak_bytes) || isnan(h.peak_bytes)) memory.reason = "a record does not tell";
    rg_add(result, &memory);
}

static double size_of(const char *folder, const char *name)
{
    char path[4096];
    struct stat about;
    snprintf(path, sizeof path, "%.3800s/%.255s", folder, name);
    return stat(path, &about) || !S_ISREG(about.st_mode) ? NAN : (double)about.st_size;
}

static int is_program(const struct dirent *entry)
{
    const bool named = !strncmp(entry->d_name, "cyclebench", 10) && !strchr(entry->d_name, '.'); /* no object */
    return named || !strcmp(entry->d_name, "libkernels.a");
}

static void compare_sizes(struct rg_result *result, const char *base, const char *head)
{
    struct dirent **entries;
    int n = scandir(base, &entries, is_program, alphasort);
    for (int i = 0; i < n; i++) {
        struct rg_case c = {.kind = RG_SIZE,
                            .name = entries[i]->d_name,
                            .source = "size",
                            .base = size_of(base, entries[i]->d_name),
                            .head = size_of(head, entries[i]->d_name),
                            .limit_percent = soft_limit_percent};
        if (isnan(c.head)) c.reason = "HEAD has no such file";
        if (!isnan(c.base)) rg_add(result, &c);
        free(entries[i]);
    }
    if (n >= 0) free(entries);
}

static bool is_folder(const char *path)
{
    struct stat about;
    return !stat(path, &about) && S_ISDIR(about.st_mode);
}

void rg_compare_builds(struct rg_result *result, const char *base, const char *head, bool with_training)
{
    if (!is_folder(base) || !is_folder(head)) {
        rg_note(result, "training and sizes: BASE and HEAD are not both folders of builds");
        return;
    }
    if (with_training) compare_training(result, base, head);
    compare_sizes(result, base, head);
}
