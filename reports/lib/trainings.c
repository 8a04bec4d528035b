#include "trainings.h"

#include <math.h>
#include <string.h>

#include "memory.h"
#include "values.h"

static const double unknown = (double)NAN;

static double number_of(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    return json_is_number(value) ? json_number_value(value) : unknown;
}

static bool is_completed(const json_t *object)
{
    return !strcmp(json_string_value(json_object_get(object, "status")), "completed");
}

/* The mean of a time over the runs of a training whose times count. */
static double mean_time(const struct cb_grouping *in, const struct cb_times *times, const json_t *objects,
                        size_t training, const char *key, bool of_completed)
{
    double sum = 0;
    size_t n = 0;
    for (size_t i = 0; i < in->runs; i++) {
        const json_t *object = json_array_get(objects, i);
        double value = number_of(object, key);
        if (of_completed && !is_completed(object)) continue;
        if (in->training[i] != training || !cb_times_count(times, in, i) || !isfinite(value)) continue;
        sum += value;
        n++;
    }
    return n ? sum / (double)n : unknown;
}

static void add_run(struct cb_training *training, const struct cb_report_run *run, const json_t *object)
{
    double epochs = number_of(object, "epochs_to_target");
    if (isfinite(epochs)) {
        training->outcome = CB_REACHED;
        training->epochs_to_target = fmin(training->epochs_to_target, epochs); /* of a number and NaN the number */
    }
    bool diverged = !strcmp(json_string_value(json_object_get(object, "status")), "diverged");
    if ((is_completed(object) || diverged) && training->outcome == CB_OPEN) training->outcome = CB_MISSED;
    if (!is_completed(object) || isfinite(training->accuracy_percent)) return;
    training->accuracy_percent = run->final_accuracy_percent;
    training->eval_loss = run->final_loss;
    training->best_accuracy_percent = number_of(object, "best_accuracy_percent");
    training->train_loss = run->epoch_count ? run->epochs[run->epoch_count - 1].train_loss_smoothed : unknown;
}

struct cb_training *cb_trainings_of(const struct cb_report_run *runs, const struct cb_grouping *in,
                                    const struct cb_times *times, const json_t *objects, size_t group, size_t *n)
{
    struct cb_training *list = cb_report_alloc(in->runs * sizeof *list);
    *n = 0;
    for (size_t first = 0; first < in->runs; first++) {
        if (in->group[first] != group || in->training[first] != first) continue;
        struct cb_training *training = &list[(*n)++];
        *training = (struct cb_training){first,   CB_OPEN, unknown, unknown, unknown,
                                         unknown, unknown, unknown, unknown, unknown};
        for (size_t i = first; i < in->runs; i++)
            if (in->training[i] == first) add_run(training, &runs[i], json_array_get(objects, i));
        training->seconds_to_target = mean_time(in, times, objects, first, "seconds_to_target", false);
        training->whole_seconds = mean_time(in, times, objects, first, "seconds", true);
        training->images_per_second = mean_time(in, times, objects, first, "images_per_second", false);
    }
    return list;
}

double cb_training_value(const struct cb_training *training, size_t member)
{
    double value;
    memcpy(&value, (const char *)training + member, sizeof value);
    return value;
}
