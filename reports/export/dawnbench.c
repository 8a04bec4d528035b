/* Entries of DAWNBench for CIFAR-10 (stanford-futuredata/dawn-bench-entries). */
#include <math.h>
#include <string.h>

#include "../lib/identity.h"
#include "../lib/values.h"
#include "export.h"

enum { WRONG_INPUT = 2 };

/* An entry is of a network that was trained from scratch, and of CIFAR-10's test set; of its images and start weights a
 * record of format 1 knows nothing, and older ones have no data.set. */
static bool check_run(const struct cb_report_run *run, struct cb_report_error *err)
{
    const char *set = json_string_value(cb_member(run->header, "evaluated_on"));
    const char *kind = json_string_value(cb_member(run->header, "data_kind"));
    const char *images = json_string_value(cb_member(run->header, "recipe.data.set"));
    if (images && strcmp(images, "cifar10"))
        return cb_report_fail(err, WRONG_INPUT, "%s:1: trained on %s; DAWNBench's entries are of CIFAR-10: choose csv",
                              run->path, images);
    if (json_is_object(cb_member(run->header, "init_weights")))
        return cb_report_fail(err, WRONG_INPUT,
                              "%s:1: starts from other weights (train --init); DAWNBench's entries are trained from "
                              "scratch: choose csv",
                              run->path);
    if (set && strcmp(set, "test"))
        return cb_report_fail(err, WRONG_INPUT,
                              "%s:1: evaluated on %s; DAWNBench wants the accuracy on the test set: train with "
                              "data.holdout = 0",
                              run->path, set);
    if (kind && strcmp(kind, "official"))
        return cb_report_fail(err, WRONG_INPUT, "%s:1: images are %s; DAWNBench wants the official CIFAR-10", run->path,
                              kind);
    return true;
}

bool cb_export_dawnbench(FILE *out, const struct cb_report_run *run, struct cb_report_error *err)
{
    if (!check_run(run, err)) return false;
    fputs("epoch\thours\ttop1Accuracy\n", out);
    for (size_t i = 0; i < run->epoch_count; i++) {
        const struct cb_report_epoch *epoch = &run->epochs[i];
        if (isfinite(epoch->accuracy_percent))
            fprintf(out, "%zu\t%.15g\t%.15g\n", epoch->epoch, epoch->seconds_total / 3600, epoch->accuracy_percent);
    }
    return true;
}

static void copy(json_t *object, const char *key, const struct cb_report_run *run, const char *path)
{
    json_t *value = cb_member(run->header, path);
    if (value && !json_is_null(value)) cb_put(object, key, json_incref(value));
}

bool cb_export_dawnbench_json(FILE *out, const struct cb_report_run *run, struct cb_report_error *err)
{
    static const char *const notes[][2] = {{"isa", "machine.isa_selected"}, {"compiler", "machine.compiler"},
                                           {"flags", "machine.flags"},      {"commit", "machine.commit"},
                                           {"data_kind", "data_kind"},      {"recipe", "recipe"}};
    if (!check_run(run, err)) return false;
    const char *version = json_string_value(cb_member(run->header, "machine.version"));
    const char *cpu = json_string_value(cb_member(run->header, "machine.cpu_model"));
    const json_int_t threads = json_integer_value(cb_member(run->header, "threads"));
    const char *disturbed = cb_disturbed(run);
    const char *started = json_string_value(cb_member(run->header, "started"));
    json_t *entry = json_object(), *misc = json_object();
    cb_put(entry, "version", json_string("v1.0"));
    cb_put(entry, "framework", version ? cb_sentence("cyclebench %s", version) : json_string("cyclebench"));
    copy(entry, "model", run, "network.name");
    if (cpu && threads > 0)
        cb_put(entry, "hardware", cb_sentence("%s, %lld thread%s", cpu, (long long)threads, threads > 1 ? "s" : ""));
    if (started && strlen(started) > 10) cb_put(entry, "timestamp", json_stringn(started, 10));
    for (size_t i = 0; i < sizeof notes / sizeof *notes; i++) copy(misc, notes[i][0], run, notes[i][1]);
    if (run->end) cb_put(misc, "status", json_incref(json_object_get(run->end, "status")));
    if (disturbed) cb_put(misc, "disturbed", json_string(disturbed));
    cb_put(misc, "resumed", json_integer((json_int_t)run->times_resumed));
    if (run->times_resumed) cb_put_number(misc, "killed_seconds_at_least", run->killed_seconds, "not recorded");
    cb_put(entry, "misc", misc);
    json_dumpf(entry, out, JSON_INDENT(4) | JSON_ENSURE_ASCII | JSON_REAL_PRECISION(15));
    fputc('\n', out);
    json_decref(entry);
    return true;
}
