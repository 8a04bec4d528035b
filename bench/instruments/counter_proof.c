#include "counter_proof.h"

#include <inttypes.h>
#include <stdio.h>

#include "counter_loops.h"

enum { REPETITIONS = 3 };

/* The work must count low to high times `expected` a round, the idle loop at most idle_share of what the work should.
 */
struct proof {
    const char *name;
    struct cb_loop work;
    double expected, low, high;
    struct cb_loop idle;
    double idle_share;
};

/* Instructions, operations and branches are exact but for what starting and stopping adds; a multiplication takes 2 to
 * 6 cycles on today's CPUs; half of the random branches are missed; caches count demand loads, some of them prefetches
 * too. */
static const struct proof proofs[CB_EVENT_COUNT] = {
    [CB_EVENT_INSTRUCTIONS] = {"loop of plain instructions",
                               {NULL, cb_loop_plain, 100000},
                               CB_PLAIN_INSTRUCTIONS,
                               0.99,
                               1.01,
                               {NULL, NULL, 0},
                               0},
    [CB_EVENT_CYCLES] = {"chain of multiplications",
                         {NULL, cb_loop_multiply, 100000},
                         3 * CB_CHAINED_MULTIPLICATIONS,
                         0.6,
                         2,
                         {NULL, NULL, 0},
                         0},
    [CB_EVENT_FP_OPS] = {"loop of fused multiply-adds",
                         {NULL, cb_loop_fma, 10000},
                         0, /* depends on the ISA */
                         0.99,
                         1.01,
                         {NULL, cb_loop_plain, 100000},
                         0.001},
    [CB_EVENT_BRANCHES] =
        {"loop of plain instructions", {NULL, cb_loop_plain, 100000}, 1, 0.98, 1.02, {NULL, NULL, 0}, 0},
    [CB_EVENT_BRANCH_MISSES] = {"random branches",
                                {NULL, cb_loop_random_branches, 100000},
                                0.5,
                                0.5,
                                1.5,
                                {NULL, cb_loop_plain, 100000},
                                0.02},
    [CB_EVENT_L1D_MISSES] = {"loads from flushed lines",
                             {cb_loop_cold_prepare, cb_loop_cold, CB_COLD_LINES},
                             1,
                             0.5,
                             2,
                             {cb_loop_warm_prepare, cb_loop_warm, CB_COLD_LINES},
                             0.05},
    [CB_EVENT_L2_MISSES] = {"loads from flushed lines",
                            {cb_loop_cold_prepare, cb_loop_cold, CB_COLD_LINES},
                            1,
                            0.5,
                            2,
                            {cb_loop_warm_prepare, cb_loop_warm, CB_COLD_LINES},
                            0.05},
    [CB_EVENT_L3_MISSES] = {"loads from flushed lines",
                            {cb_loop_cold_prepare, cb_loop_cold, CB_COLD_LINES},
                            1,
                            0.5,
                            2,
                            {cb_loop_warm_prepare, cb_loop_warm, CB_COLD_LINES},
                            0.05},
    /* At 3 GHz; clocks from 1 to 10 GHz pass. */
    [CB_EVENT_CPU_NS] = {"chain of multiplications",
                         {NULL, cb_loop_multiply, 100000},
                         CB_CHAINED_MULTIPLICATIONS,
                         0.3,
                         6,
                         {NULL, NULL, 0},
                         0},
    [CB_EVENT_PAGE_FAULTS] =
        {"first touches of pages", {NULL, cb_loop_fault, 1000}, 1, 0.98, 1.05, {NULL, cb_loop_plain, 100000}, 0.01},
};

static bool run(const struct cb_loop *loop, cb_measure_fn *measure, void *context, uint64_t *count, char *text,
                size_t bytes)
{
    const char *problem = NULL;
    if (loop->prepare) loop->prepare();
    if (measure(context, loop, count, &problem)) return true;
    snprintf(text, bytes, "%s", problem);
    return false;
}

bool cb_observe_event(cb_measure_fn *measure, void *context, char *text, size_t bytes)
{
    static const struct {
        const char *name;
        struct cb_loop loop;
    } loops[] = {
        {"plain instructions", {NULL, cb_loop_plain, 100000}},
        {"loads from flushed lines", {cb_loop_cold_prepare, cb_loop_cold, CB_COLD_LINES}},
        {"first touches of pages", {NULL, cb_loop_fault, 1000}},
    };
    char counted[256] = "";
    size_t used = 0;
    for (size_t i = 0; i < sizeof loops / sizeof *loops; i++) {
        uint64_t count;
        if (!run(&loops[i].loop, measure, context, &count, text, bytes)) return false;
        used += (size_t)snprintf(counted + used, sizeof counted - used, "%s %" PRIu64 " in %zu %s", i ? "," : "", count,
                                 loops[i].loop.n, loops[i].name);
    }
    snprintf(text, bytes, "not proven, as no loop has a known number of them:%s", counted);
    return true;
}

bool cb_prove_event(enum cb_event event, cb_measure_fn *measure, void *context, char *text, size_t bytes)
{
    const struct proof *proof = &proofs[event];
    if (!cb_loops_available()) {
        snprintf(text, bytes, "no calibration loop is written for this architecture");
        return false;
    }
    double a_round = event == CB_EVENT_FP_OPS ? cb_loop_fma_flops() : proof->expected;
    double expected = a_round * (double)proof->work.n;
    uint64_t worked = 0, idle = 0;
    for (int i = 0; i < REPETITIONS; i++) {
        if (!run(&proof->work, measure, context, &worked, text, bytes)) return false;
        if (proof->idle.run && !run(&proof->idle, measure, context, &idle, text, bytes)) return false;
        if ((double)worked < proof->low * expected || (double)worked > proof->high * expected) {
            snprintf(text, bytes, "refused: %s: %.0f expected (%g to %g times that), %" PRIu64 " counted", proof->name,
                     expected, proof->low, proof->high, worked);
            return false;
        }
        if ((double)idle > proof->idle_share * expected) {
            snprintf(text, bytes, "refused: %" PRIu64 " counted in a loop without any", idle);
            return false;
        }
    }
    snprintf(text, bytes, "%s: %.0f expected, %" PRIu64 " counted", proof->name, expected, worked);
    return true;
}
