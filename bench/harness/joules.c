#include "joules.h"

#include <math.h>
#include <stdio.h>

#include "energy.h"
#include "instruments.h"

static const double least_s = 0.02;

static json_t *missing(const char *reason)
{
    return json_pack("{s:n, s:s, s:s}", "value", "source", "unavailable", "reason", reason);
}

json_t *cb_joules_of(const char *root, void (*run)(void *context), void *context, size_t calls)
{
    struct cb_energy energy;
    struct cb_energy_reading before, after;
    char reason[160];
    cb_energy_open(&energy, root);
    if (!energy.packages) return missing(energy.reason);
    const double start = cb_now_s();
    cb_energy_read(&energy, &before);
    run(context);
    cb_energy_read(&energy, &after);
    const double seconds = cb_now_s() - start, joules = cb_energy_joules(&energy, &before, &after);
    if (isnan(joules)) return missing("energy_uj of RAPL could not be read any more");
    snprintf(reason, sizeof reason,
             "the calls took %.3g ms, and RAPL needs %.0f: a longer --benchmark_min_time, or more --iterations",
             1e3 * seconds, 1e3 * least_s);
    if (seconds < least_s) return missing(reason);
    return json_pack("{s:f, s:s, s:b}", "value", joules / (double)calls, "source", "RAPL, all programs on the packages",
                     "exact", 0);
}
