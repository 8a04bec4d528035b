#include "table_rows.h"

#include <stdio.h>

#include "values.h"

/* A row that is "-" for every column is left out. */
const struct cb_row cb_run_rows[] = {
    {"network", "network", CB_TEXT, true, "network"},
    {"start weights", "init_weights", CB_WEIGHTS, false, NULL},
    {"status", "status", CB_TEXT, false, NULL},
    {"resumed", "resumed", CB_COUNT, true, NULL},
    {"epochs", "epochs", CB_COUNT, false, NULL},
    {"iterations", "iterations", CB_COUNT, false, NULL},
    {"total time", "seconds", CB_SECONDS, false, "total time"},
    {"  speed-up", "speedup_total", CB_SPEEDUP, false, "speed-up in total"},
    {"training images/s", "images_per_second", CB_RATE, false, "training images/s"},
    {"epochs to target", "epochs_to_target", CB_COUNT, false, "epochs to target"},
    {"time to target", "seconds_to_target", CB_SECONDS, false, "time to target"},
    {"  speed-up", "speedup_to_target", CB_SPEEDUP, false, "speed-up to the target"},
    {"instructions to target", "instructions_to_target", CB_AMOUNT, false, "instructions to target"},
    {"cycles to target", "cycles_to_target", CB_AMOUNT, false, "cycles to target"},
    {"CPU time to target, ns", "cpu_ns_to_target", CB_AMOUNT, false, "CPU time to target"},
    {"joules to target", "joules_to_target", CB_AMOUNT, false, "joules to target"},
    {"final accuracy", "final_accuracy_percent", CB_PERCENT, false, "final accuracy"},
    {"best epoch seen*", "best_accuracy_percent", CB_BEST, false, "best epoch seen*"},
    {"peak memory", "peak_memory_bytes", CB_MEBIBYTES, false, "peak memory"},
    {"evaluated on", "evaluated_on", CB_TEXT, true, "evaluated on"},
    {"data", "data", CB_DATA, true, "data"},
    {"CPU", "cpu", CB_TEXT, true, "CPU"},
    {"caches", "caches", CB_TEXT, true, "caches"},
    {"instruction set", "isa", CB_TEXT, true, "instruction set"},
    {"threads", "threads", CB_COUNT, true, "threads"},
    {"commit", "commit", CB_TEXT, true, "commit"},
    {"notebook's training", "notebook.experiment", CB_TEXT, false, NULL},
    {"  final accuracy", "notebook.final_accuracy_percent", CB_PERCENT, false, NULL},
    {"  best epoch seen*", "notebook.best_accuracy_percent", CB_BEST, false, NULL},
    {"  epochs to 92 %", "notebook.epochs_to_92_percent", CB_COUNT, false, NULL},
    {"  epochs to target", "notebook.epochs_to_target", CB_COUNT, false, NULL},
};

const struct cb_row cb_group_rows[] = {
    {"network", "network", CB_TEXT, true, NULL},
    {"start weights", "init_weights", CB_WEIGHTS, false, NULL},
    {"notebook's training", "notebook.experiment", CB_TEXT, false, NULL},
    {"seeds", "seeds", CB_JOINED, false, NULL},
    {"reached the target", "n", CB_REACHED, false, NULL},
    {"final accuracy, mean", "mean_accuracy_percent", CB_PERCENT, false, "final accuracy"},
    {"  standard deviation", "sd_accuracy_percent", CB_POINTS, false, "spread of accuracy"},
    {"  least to most", "accuracy_percent", CB_RANGE_PERCENT, false, NULL},
    {"  lower 95 % bound", "lower_bound_accuracy_percent", CB_PERCENT, false, NULL},
    {"  more than column 1", "accuracy_more", CB_DIFFERENCE_PERCENT, false, NULL},
    {"  notebook", "notebook.final_accuracy_percent", CB_PERCENT, false, NULL},
    {"epochs to target, mean", "mean_epochs_to_target", CB_EPOCHS, false, NULL},
    {"  standard deviation", "sd_epochs_to_target", CB_RATE, false, "spread of epochs"},
    {"  least to most", "epochs_to_target", CB_RANGE_EPOCHS, false, NULL},
    {"  lower 95 % bound", "lower_bound_epochs_to_target", CB_EPOCHS, false, NULL},
    {"  more than column 1", "epochs_more", CB_DIFFERENCE_EPOCHS, false, NULL},
    {"  notebook", "notebook.epochs_to_target", CB_EPOCHS, false, NULL},
    {"  notebook, to 92 %", "notebook.epochs_to_92_percent", CB_EPOCHS, false, NULL},
    {"time to target, mean", "mean_seconds_to_target", CB_SECONDS, false, "time to target"},
    {"  standard deviation", "sd_seconds_to_target", CB_SPREAD_SECONDS, false, "spread of time"},
    {"  least to most", "seconds_to_target", CB_RANGE_SECONDS, false, NULL},
    {"  lower 95 % bound", "lower_bound_seconds_to_target", CB_SECONDS, false, NULL},
    {"  more than column 1", "seconds_more", CB_DIFFERENCE_SECONDS, false, NULL},
    {"  speed-up", "speedup_to_target", CB_SPEEDUP, false, "speed-up to the target"},
    {"whole training, mean", "mean_whole_seconds", CB_SECONDS, false, NULL},
    {"training images/s", "mean_images_per_second", CB_RATE, false, NULL},
    {"best epoch seen*, mean", "mean_best_accuracy_percent", CB_BEST, false, NULL},
    {"  notebook", "notebook.best_accuracy_percent", CB_BEST, false, NULL},
    {"training loss, mean", "mean_final_train_loss", CB_LOSS, false, NULL},
    {"  notebook", "notebook.final_train_loss", CB_LOSS, false, NULL},
    {"evaluation loss, mean", "mean_final_eval_loss", CB_LOSS, false, NULL},
    {"  notebook", "notebook.final_eval_loss", CB_LOSS, false, NULL},
    {"evaluated on", "evaluated_on", CB_TEXT, true, NULL},
    {"data", "data_kind", CB_DATA, true, NULL},
    {"times of", "times_of.cpu", CB_TEXT, true, NULL},
    {"  caches", "times_of.caches", CB_TEXT, true, NULL},
    {"  instruction set", "times_of.isa", CB_TEXT, true, NULL},
    {"  threads", "times_of.threads", CB_COUNT, true, NULL},
};

const size_t cb_run_row_count = sizeof cb_run_rows / sizeof *cb_run_rows;
const size_t cb_group_row_count = sizeof cb_group_rows / sizeof *cb_group_rows;

/* What the second of a pair has more than the first. */
static void put_more(json_t *column, const char *key, const json_t *pair, const char *what)
{
    char name[64];
    snprintf(name, sizeof name, "mean_%s", what);
    const json_t *mean = json_object_get(pair, name);
    if (!json_is_number(mean)) return;
    json_t *more = json_object();
    cb_put(more, "mean", json_real(0 - json_number_value(mean)));
    snprintf(name, sizeof name, "sd_%s", what);
    cb_put(more, "sd", json_incref(json_object_get(pair, name)));
    snprintf(name, sizeof name, "n_%s", what);
    cb_put(more, "n", json_incref(json_object_get(pair, name)));
    cb_put(column, key, more);
}

json_t *cb_group_columns(const json_t *comparison)
{
    json_t *columns = json_array(), *group;
    size_t i;
    json_array_foreach(json_object_get(comparison, "groups"), i, group)
    {
        json_t *column = json_copy(group);
        /* The pairs of the first group come first, in order. */
        const json_t *pair = i ? json_array_get(json_object_get(comparison, "pairs"), i - 1) : NULL;
        put_more(column, "accuracy_more", pair, "accuracy_difference_percent");
        put_more(column, "epochs_more", pair, "epochs_difference");
        put_more(column, "seconds_more", pair, "seconds_difference");
        cb_append(columns, column);
    }
    return columns;
}
