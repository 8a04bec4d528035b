#ifndef CB_TURNS_H
#define CB_TURNS_H

#include <stdbool.h>
#include <stddef.h>

#include "core/format.h"
#include "core/status.h"
#include "core/team.h"

/* Times the same work on several sides in turn, with the FMA peak in between: clocks, neighbours and memory change from
 * second to second, so only what is measured within the same second can be compared. */

enum { CB_MAX_REPETITIONS = 1000 };

typedef enum cb_status cb_side_fn(void *context, struct cb_error *err);

struct cb_side {
    cb_side_fn *call;
    void *context;
    bool own_threads; /* beside OpenMP's: they spin after their work and would take cores from the next side */
    size_t calls;     /* of a repetition */
    double median_s, best_s;
    double seconds[CB_MAX_REPETITIONS]; /* of one call: the mean of a repetition's calls */
};

/* After two calls each to warm up, a repetition is the peak of the team's multiply-adds in this format (bf16: 0 where
 * the CPU has none), then for each side enough calls to fill 20 ms. Fills in the sides' results; *peak_gflops is the
 * median. threads of the sides: as many as the team has. */
enum cb_status cb_time_in_turn(struct cb_side *sides, size_t n, struct cb_team *team, enum cb_format format,
                               size_t repetitions, double *peak_gflops, struct cb_error *err);

/* OpenMP threads spin for some milliseconds after their work before they sleep. */
void cb_let_threads_sleep(void);

#endif
