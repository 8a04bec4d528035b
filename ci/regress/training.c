#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "regress.h"

/* Training: the bits of a short run, and its peak memory. */

struct training {
    char fingerprint[96]; /* "": reason says why */
    char numerics[64];    /* the version */
    double peak_bytes;
    char reason[256];
};

/* First and last line of the run's record. New references. */
static void read_record(const char *folder, json_t **first, json_t **last)
{
    char path[512], *line = NULL;
    size_t room = 0;
    *first = *last = NULL;
    snprintf(path, sizeof path, "%.400s/run/run.jsonl", folder);
    FILE *file = fopen(path, "re");
    while (file && getline(&line, &room, file) > 0) {
        json_decref(*last);
        *last = json_loads(line, 0, NULL);
        if (!*first) *first = json_incref(*last);
    }
    free(line);
    if (file) fclose(file);
}

static void remove_folder(const char *folder)
{
    int status;
    rg_run((const char *const[]){"rm", "-rf", folder, NULL}, &status);
}

/* By the build, on the synthetic images in the folder. */
static void train(struct training *t, const char *build, const char *folder)
{
    char program[4096], run[512];
    int status;
    json_t *first, *last;
    *t = (struct training){.peak_bytes = NAN};
    snprintf(program, sizeof program, "%.4000s/cyclebench-train", build);
    snprintf(run, sizeof run, "%s/run", folder);
    const char *const argv[] = {program,     "smoke", "--data",           folder, "--run",   run,
                                "--threads", "1",     "--max-iterations", "3",    "--quiet", NULL};
    rg_run(argv, &status);
    read_record(folder, &first, &last);
    const char *fingerprint = json_string_value(json_object_get(last, "loss_fingerprint"));
    if (status)
        snprintf(t->reason, sizeof t->reason, "cyclebench-train ended with status %d", status);
    else if (!fingerprint)
        snprintf(t->reason, sizeof t->reason, "its record has no loss_fingerprint");
    else
        snprintf(t->fingerprint, sizeof t->fingerprint, "%s", fingerprint);
    const json_t *numerics = json_object_get(json_object_get(first, "recipe"), "numerics");
    snprintf(t->numerics, sizeof t->numerics, "%s", rg_text(numerics, "version"));
    json_t *peak = status ? NULL : json_object_get(last, "peak_memory_bytes");
    if (json_is_number(peak)) t->peak_bytes = json_number_value(peak);
    json_decref(first);
    json_decref(last);
    remove_folder(run);
}

static bool make_images(const char *build, const char *folder)
{
    char program[4096];
    int status;
    snprintf(program, sizeof program, "%.4000s/cyclebench-data", build);
    rg_run((const char *const[]){program, "synth", "--data", folder, "--images", "100", NULL}, &status);
    return status == 0;
}

static void add_fingerprint(struct rg_result *result, const struct training *b, const struct training *h)
{
    struct rg_case c = {.kind = RG_FINGERPRINT,
                        .name = "smoke",
                        .source = "training",
                        .base = NAN,
                        .head = NAN,
                        .base_text = *b->fingerprint ? b->fingerprint : NULL,
                        .head_text = *h->fingerprint ? h->fingerprint : NULL,
                        .hard = true};
    if (!c.base_text) {
        c.verdict = RG_NOT_COUNTED;
        c.reason = b->reason;
    } else if (!c.head_text) {
        c.verdict = RG_SKIPPED;
        c.reason = h->reason;
    } else if (strcmp(b->numerics, h->numerics)) {
        c.verdict = RG_NOTED;
        c.reason = "another numerics version";
    } else if (strcmp(c.base_text, c.head_text)) {
        c.verdict = RG_REGRESSED;
        c.reason = "other bits: only a new numerics version may have them";
    }
    rg_add(result, &c);
}

void rg_compare_training(struct rg_result *result, const char *base, const char *head)
{
    struct training b = {.peak_bytes = NAN}, h = b;
    char folder[] = P_tmpdir "/cyclebench-regress-XXXXXX";
    if (!mkdtemp(folder)) {
        rg_note(result, "training: no temporary folder");
        return;
    }
    bool head_makes = make_images(head, folder);
    if (head_makes || make_images(base, folder)) {
        train(&b, base, folder);
        train(&h, head, folder);
    } else {
        snprintf(b.reason, sizeof b.reason, "neither build's cyclebench-data makes images");
    }
    if (!head_makes) {
        *h.fingerprint = '\0';
        snprintf(h.reason, sizeof h.reason, "HEAD's cyclebench-data makes no images");
    }
    remove_folder(folder);
    add_fingerprint(result, &b, &h);
    struct rg_case memory = {.kind = RG_MEMORY,
                             .name = "smoke/peak_memory",
                             .source = "training",
                             .base = b.peak_bytes,
                             .head = h.peak_bytes,
                             .limit_percent = rg_soft_limit_percent};
    if (isnan(b.peak_bytes) || isnan(h.peak_bytes)) memory.reason = "a record does not tell";
    rg_add(result, &memory);
}
