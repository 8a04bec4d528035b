#ifndef CB_RUN_PERF_STATE_H
#define CB_RUN_PERF_STATE_H

#include "energy.h"
#include "perf/run_perf.h"
#include "perf/tally.h"

/* Private to train/perf: what is counted, and what is written about it. */
struct cb_run_perf {
    struct cb_model *model;
    struct cb_counters *counters;
    size_t threads, first_iteration;

    struct cb_tally work[CB_WORK_KINDS]; /* by thread */
    struct cb_tally layers;              /* of sampled iterations, by row of the profile, augmentation, the rest */
    size_t augmentation, rest;           /* rows behind the profile's */
    double flops;                        /* of all pieces */

    bool counting, sampling; /* a piece; by kind of layer */
    enum cb_run_work kind;   /* of the piece at hand */
    size_t pass;
    double flops_before;

    struct cb_energy energy;
    struct cb_energy_reading reading;
    double joules; /* up to the reading; NaN: not known */

    bool reached;      /* the target, in this session */
    json_t *to_target; /* cb_run_perf_totals then */
};

/* Iterations, evaluations, events with those of each thread, joules and analytic operations so far. New reference. */
json_t *cb_run_perf_totals(const struct cb_run_perf *perf);

#endif
