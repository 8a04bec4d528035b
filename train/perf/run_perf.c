#include "perf/run_perf.h"

#include <math.h>
#include <stdlib.h>

#include "core/team.h"
#include "perf/state.h"

static enum cb_status make(struct cb_run_perf *p, struct cb_team *team, struct cb_error *err)
{
    enum cb_status status = cb_counters_open(&p->counters, team, err);
    for (size_t kind = 0; kind < CB_WORK_KINDS && status == CB_OK; kind++)
        status = cb_tally_make(&p->work[kind], p->threads, p->counters, err);
    return status == CB_OK ? cb_tally_make(&p->layers, p->rest + 1, p->counters, err) : status;
}

enum cb_status cb_run_perf_open(struct cb_run_perf **perf, struct cb_model *model, struct cb_team *team,
                                size_t first_iteration, const char *root, struct cb_error *err)
{
    size_t rows;
    *perf = NULL;
    cb_model_profile(model, &rows);
    struct cb_run_perf *p = calloc(1, sizeof *p);
    if (!p) return cb_fail(err, CB_NO_MEMORY, "out of memory for the counts of a run");
    p->model = model;
    p->threads = cb_team_threads(team);
    p->first_iteration = first_iteration;
    p->augmentation = rows;
    p->rest = rows + 1;
    const enum cb_status status = make(p, team, err);
    if (status != CB_OK) {
        cb_run_perf_close(p);
        return status;
    }
    cb_energy_open(&p->energy, root);
    cb_energy_read(&p->energy, &p->reading);
    *perf = p;
    return CB_OK;
}

void cb_run_perf_close(struct cb_run_perf *p)
{
    if (!p) return;
    cb_run_perf_end(p, 0);
    for (size_t kind = 0; kind < CB_WORK_KINDS; kind++) cb_tally_free(&p->work[kind]);
    cb_tally_free(&p->layers);
    cb_counters_close(p->counters);
    json_decref(p->to_target);
    free(p);
}

/* What was counted since the start goes to the threads and, in a sampled iteration, to the row. */
static void stop(struct cb_run_perf *p, size_t row)
{
    cb_counters_stop(p->counters);
    for (enum cb_event event = 0; event < CB_EVENT_COUNT; event++) {
        if (!cb_counters_counts(p->counters, event, p->pass)) continue;
        struct cb_count count;
        for (size_t t = 0; t < p->threads; t++) {
            cb_counters_read_thread(p->counters, event, t, &count);
            cb_tally_add(&p->work[p->kind], event, t, &count);
        }
        if (!p->sampling) continue;
        cb_counters_read(p->counters, event, &count);
        cb_tally_add(&p->layers, event, row, &count);
    }
}

static void next_part(void *context, size_t row)
{
    struct cb_run_perf *p = context;
    stop(p, row);
    cb_counters_start(p->counters, p->pass);
}

static double profiled_flops(const struct cb_model *model)
{
    size_t rows;
    double flops = 0;
    const struct cb_model_profile_row *row = cb_model_profile(model, &rows);
    for (size_t i = 0; i < rows; i++) flops += row[i].flops;
    return flops;
}

void cb_run_perf_begin(struct cb_run_perf *p, enum cb_run_work work)
{
    if (!p) return;
    const size_t before = p->work[work].pieces;
    p->kind = work;
    p->sampling = work == CB_WORK_ITERATION && before % CB_PERF_SAMPLE_EVERY == 1;
    /* Samples have a turn of their own: one in 50 iterations would always meet the same of two passes. */
    p->pass = (p->sampling ? p->layers.pieces : before) % cb_counters_passes(p->counters);
    p->flops_before = profiled_flops(p->model);
    if (p->sampling) cb_model_after_operations(p->model, next_part, p);
    p->counting = true;
    cb_counters_start(p->counters, p->pass);
}

void cb_run_perf_fed(struct cb_run_perf *p)
{
    if (p && p->sampling) next_part(p, p->augmentation);
}

void cb_run_perf_end(struct cb_run_perf *p, int whole)
{
    if (!p || !p->counting) return;
    stop(p, p->rest);
    cb_model_after_operations(p->model, NULL, NULL);
    if (whole) {
        cb_tally_end(&p->work[p->kind], p->counters, p->pass);
        if (p->sampling) cb_tally_end(&p->layers, p->counters, p->pass);
        p->flops += profiled_flops(p->model) - p->flops_before;
    } else {
        cb_tally_drop(&p->work[p->kind]);
        cb_tally_drop(&p->layers);
    }
    p->counting = p->sampling = false;
    /* Often enough that no counter of a package begins anew twice. */
    struct cb_energy_reading now;
    cb_energy_read(&p->energy, &now);
    p->joules += cb_energy_joules(&p->energy, &p->reading, &now);
    p->reading = now;
}

void cb_run_perf_at_target(struct cb_run_perf *p)
{
    if (!p || p->reached) return;
    p->reached = true;
    p->to_target = cb_run_perf_totals(p);
}
