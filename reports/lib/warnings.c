#include "warnings.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "identity.h"
#include "values.h"

static void warn_of_differences(json_t *warnings, const struct cb_report_run *runs, size_t count, const json_t *objects)
{
    static const char *const keys[][2] = {{"isa", "times are of different instruction sets"},
                                          {"threads", "times are of different numbers of threads"},
                                          {"compiler", "the programs were built by different compilers"},
                                          {"flags", "the programs were built with different compiler flags"},
                                          {"commit", "the programs were built from different sources"},
                                          {"network", "the networks differ"},
                                          {"numerics", "the arithmetic differs"},
                                          {"evaluated_on", "accuracies are of different images"}};
    for (size_t i = 1; i < count; i++) {
        if (cb_same_machine(cb_member(runs[0].header, "machine"), cb_member(runs[i].header, "machine"))) continue;
        cb_append(warnings, cb_sentence("machine: times are of different machines"));
        break;
    }
    for (size_t k = 0; k < sizeof keys / sizeof *keys; k++) {
        const json_t *first = json_object_get(json_array_get(objects, 0), keys[k][0]);
        for (size_t i = 1; i < count; i++) {
            if (cb_equal(first, json_object_get(json_array_get(objects, i), keys[k][0]))) continue;
            cb_append(warnings, cb_sentence("%s: %s", keys[k][0], keys[k][1]));
            break;
        }
    }
}

static void warn_of_images(json_t *warnings, const struct cb_report_run *runs, size_t count)
{
    static const char *const findings[] = {
        "the training images differ", "the evaluated images differ: accuracies cannot be compared",
        "records of format 1 hold no hashes of images or start weights, so whether these are the same is not known"};
    bool found[3] = {false, false, false};
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < i; j++) {
            enum cb_sameness trained = cb_same_images(runs, count, i, j, false);
            enum cb_sameness evaluated = cb_same_images(runs, count, i, j, true);
            found[0] = found[0] || trained == CB_DIFFERENT;
            found[1] = found[1] || evaluated == CB_DIFFERENT;
            found[2] = found[2] || trained == CB_NOT_KNOWN || evaluated == CB_NOT_KNOWN;
        }
    }
    for (size_t f = 0; f < 3; f++)
        if (found[f]) cb_append(warnings, cb_sentence("data: %s", findings[f]));
}

static void warn_of_kind(json_t *warnings, const json_t *objects, const char *kind, const char *meaning)
{
    json_t *labels = json_array();
    for (size_t i = 0; i < json_array_size(objects); i++) {
        const json_t *object = json_array_get(objects, i);
        const char *own = json_string_value(json_object_get(object, "data_kind"));
        if (own && !strcmp(own, kind)) cb_append(labels, json_incref(json_object_get(object, "run")));
    }
    json_t *names = cb_joined(labels);
    if (json_array_size(labels)) cb_append(warnings, cb_sentence("%s: %s", json_string_value(names), meaning));
    json_decref(names);
    json_decref(labels);
}

static bool holds(const json_t *strings, const char *text)
{
    for (size_t i = 0; i < json_array_size(strings); i++)
        if (!strcmp(json_string_value(json_array_get(strings, i)), text)) return true;
    return false;
}

/* Notes a machine's warnings in found, an array of {"subject", "finding", "runs"}; those of a resumed session only if
 * the run's first session did not have them. */
static void note_machine(json_t *found, const json_t *machine, const char *run, json_t *label)
{
    const json_t *list = json_object_get(machine, "warnings");
    for (size_t i = 0; i < json_array_size(list); i++) {
        json_t *subject = json_object_get(json_array_get(list, i), "subject"),
               *finding = json_object_get(json_array_get(list, i), "finding"), *entry = NULL;
        if (!json_is_string(subject) || !json_is_string(finding)) continue;
        for (size_t k = 0; k < json_array_size(found) && !entry; k++) {
            entry = json_array_get(found, k);
            if (!json_equal(json_object_get(entry, "finding"), finding)) entry = NULL;
        }
        if (!entry) {
            entry = json_object();
            cb_put(entry, "subject", json_incref(subject));
            cb_put(entry, "finding", json_incref(finding));
            cb_put(entry, "runs", json_array());
            cb_append(found, entry);
        }
        if (!holds(json_object_get(entry, "runs"), run)) cb_append(json_object_get(entry, "runs"), json_incref(label));
    }
}

/* One sentence a subject: "load average 1.57 on 2 CPUs (a, b); load average 1.81 on 2 CPUs (c)". */
static void relay(json_t *warnings, const json_t *found)
{
    for (size_t i = 0; i < json_array_size(found); i++) {
        const json_t *subject = json_object_get(json_array_get(found, i), "subject");
        json_t *text = NULL;
        for (size_t k = 0; k < json_array_size(found); k++) {
            const json_t *entry = json_array_get(found, k);
            if (!json_equal(json_object_get(entry, "subject"), subject)) continue;
            if (k < i) break; /* told with the earlier one */
            json_t *names = cb_joined(json_object_get(entry, "runs"));
            json_t *longer =
                cb_sentence("%s%s%s (%s)", text ? json_string_value(text) : "", text ? "; " : "",
                            json_string_value(json_object_get(entry, "finding")), json_string_value(names));
            json_decref(names);
            json_decref(text);
            text = longer;
        }
        if (text) cb_append(warnings, text);
    }
}

static void relay_machines(json_t *warnings, const struct cb_report_run *runs, size_t count)
{
    json_t *found = json_array();
    for (size_t i = 0; i < count; i++) {
        json_t *label = cb_sentence("%s", runs[i].label);
        note_machine(found, cb_member(runs[i].header, "machine"), runs[i].label, label);
        json_decref(label);
        for (size_t r = 0; r < json_array_size(runs[i].resumes); r++) {
            const json_t *line = json_array_get(runs[i].resumes, r);
            label = cb_sentence("%s from iteration %lld", runs[i].label,
                                (long long)json_integer_value(json_object_get(line, "iteration")));
            note_machine(found, json_object_get(line, "machine"), runs[i].label, label);
            json_decref(label);
        }
    }
    relay(warnings, found);
    json_decref(found);
}

/* Adds "instruction set avx2" or "threads 4" to what a session has otherwise than the first. */
static void note_change(json_t *changes, const char *what, const json_t *first, const json_t *now)
{
    if (cb_equal(first, now)) return;
    if (json_is_integer(now))
        cb_append(changes, cb_sentence("%s %lld", what, (long long)json_integer_value(now)));
    else
        cb_append(changes, cb_sentence("%s %s", what, json_is_string(now) ? json_string_value(now) : "not known"));
}

static void warn_of_session(json_t *warnings, const struct cb_report_run *run, const json_t *line)
{
    const json_t *machine = json_object_get(line, "machine"), *first = json_object_get(run->header, "machine");
    if (!machine) return; /* format 1 */
    json_t *changes = json_array();
    if (!cb_same_machine(first, machine)) {
        json_t *now = json_object();
        cb_put_machine(now, machine);
        const char *cpu = json_string_value(json_object_get(now, "cpu"));
        cb_append(changes, cb_sentence("another machine, %s", cpu ? cpu : "not known"));
        json_decref(now);
    }
    note_change(changes, "instruction set", json_object_get(first, "isa_selected"),
                json_object_get(machine, "isa_selected"));
    note_change(changes, "threads", json_object_get(run->header, "threads"), json_object_get(line, "threads"));
    note_change(changes, "commit", json_object_get(first, "commit"), json_object_get(machine, "commit"));
    json_t *list = cb_joined(changes);
    if (json_array_size(changes))
        cb_append(warnings, cb_sentence("%s: from iteration %lld on: %s", run->label,
                                        (long long)json_integer_value(json_object_get(line, "iteration")),
                                        json_string_value(list)));
    json_decref(list);
    json_decref(changes);
}

static void warn_of_resumes(json_t *warnings, const struct cb_report_run *run)
{
    if (!run->times_resumed) return;
    json_t *lost = isfinite(run->killed_seconds)
                       ? cb_sentence("without at least %.1f s of work that kills undid", run->killed_seconds)
                       : cb_sentence("without the work that kills undid, which is not recorded");
    cb_append(warnings, cb_sentence("%s: resumed %zu time%s; its times are sums over its sessions, %s", run->label,
                                    run->times_resumed, run->times_resumed == 1 ? "" : "s", json_string_value(lost)));
    json_decref(lost);
    for (size_t r = 0; r < json_array_size(run->resumes); r++)
        warn_of_session(warnings, run, json_array_get(run->resumes, r));
}

static void warn_of_record(json_t *warnings, const struct cb_report_run *run)
{
    const char *rebuilt = json_string_value(cb_member(run->header, "started_reason"));
    if (rebuilt) cb_append(warnings, cb_sentence("%s: %s", run->label, rebuilt));
    if (run->torn)
        cb_append(warnings, cb_sentence("%s: the last line of the record is cut off and was left out", run->label));
    if (!run->end)
        cb_append(warnings, cb_sentence("%s: no end line: the run was killed or is still running", run->label));
    long long lost = json_integer_value(cb_member(run->end, "lost_lines"));
    if (lost) cb_append(warnings, cb_sentence("%s: %lld lines of the record could not be written", run->label, lost));
    size_t missing = run->epoch_count ? run->epochs[run->epoch_count - 1].epoch - run->epoch_count : 0;
    if (missing)
        cb_append(warnings,
                  cb_sentence("%s: %zu epochs are missing in the record: the target may have been reached earlier",
                              run->label, missing));
    json_int_t every = json_integer_value(cb_member(run->header, "recipe.run.eval_every"));
    if (every > 1)
        cb_append(warnings, cb_sentence("%s: evaluated every %lld epochs: the target may have been reached earlier",
                                        run->label, (long long)every));
    const json_t *init = cb_member(run->header, "init_weights");
    const char *name = json_string_value(json_object_get(init, "name"));
    if (json_is_object(init))
        cb_append(warnings, cb_sentence("%s: not trained from scratch: it starts from the weights %s %.12s", run->label,
                                        name ? name : "of a file whose name is not known,",
                                        json_string_value(json_object_get(init, "weights_sha256"))));
}

/* One sentence for all runs whose recipes have another target than the comparison. */
static void warn_of_targets(json_t *warnings, const struct cb_report_run *runs, size_t count, double target)
{
    json_t *others = json_array();
    for (size_t i = 0; i < count; i++) {
        double own = json_number_value(cb_member(runs[i].header, "recipe.run.target"));
        if (fabs(own - target) > 1e-9) cb_append(others, cb_sentence("%g %% (%s)", own, runs[i].label));
    }
    json_t *list = cb_joined(others);
    if (json_array_size(others))
        cb_append(warnings, cb_sentence("recipes have other targets: %s", json_string_value(list)));
    json_decref(list);
    json_decref(others);
}

json_t *cb_warnings(const struct cb_report_run *runs, size_t count, const json_t *objects, double target,
                    bool target_given)
{
    json_t *warnings = json_array();
    warn_of_kind(warnings, objects, "synthetic", "synthetic images, not CIFAR-10: accuracies say nothing about it");
    warn_of_kind(warnings, objects, "other", "not the official CIFAR-10 images");
    warn_of_images(warnings, runs, count);
    warn_of_differences(warnings, runs, count, objects);
    for (size_t i = 0; i < count; i++) {
        warn_of_record(warnings, &runs[i]);
        warn_of_resumes(warnings, &runs[i]);
    }
    relay_machines(warnings, runs, count);
    if (!target_given) warn_of_targets(warnings, runs, count, target);
    return warnings;
}
