#include "turns.h"

#include <time.h>

#include "bench.h"
#include "instruments.h"
#include "peak.h"

static const double burst_length_s = 0.020;

void cb_let_threads_sleep(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 50 * 1000 * 1000}, NULL);
}

/* Seconds of one call: the mean of a burst of calls. */
static enum cb_status burst_s(struct cb_side *side, bool alone, double *seconds, struct cb_error *err)
{
    if (side->own_threads && !alone) cb_let_threads_sleep();
    double start = cb_now_s();
    for (size_t i = 0; i < side->calls; i++) {
        enum cb_status status = side->call(side->context, err);
        if (status) return status;
    }
    *seconds = (cb_now_s() - start) / (double)side->calls;
    if (side->own_threads && !alone) cb_let_threads_sleep();
    return CB_OK;
}

/* The first call touches memory and makes plans; the second tells how many calls fill a burst. */
static enum cb_status warm_up(struct cb_side *side, bool alone, struct cb_error *err)
{
    double once = 0;
    side->calls = 1;
    enum cb_status status = burst_s(side, alone, &once, err);
    if (!status) status = burst_s(side, alone, &once, err);
    if (once > 0 && once < burst_length_s) side->calls = (size_t)(burst_length_s / once);
    return status;
}

enum cb_status cb_time_in_turn(struct cb_side *sides, size_t n, struct cb_team *team, enum cb_format format,
                               size_t repetitions, double *peak_gflops, struct cb_error *err)
{
    double peaks[CB_MAX_REPETITIONS];
    bool alone = cb_team_threads(team) == 1;
    enum cb_status status = CB_OK;
    for (size_t s = 0; s < n && !status; s++) status = warm_up(&sides[s], alone, err);
    for (size_t i = 0; i < repetitions && !status; i++) {
        peaks[i] = format == CB_BF16 ? cb_bf16_peak_gflops(cb_isa_selected(), team)
                                     : cb_fma_peak_gflops(cb_isa_selected(), team);
        for (size_t s = 0; s < n && !status; s++) status = burst_s(&sides[s], alone, &sides[s].seconds[i], err);
    }
    if (status) return status;
    for (size_t s = 0; s < n; s++) {
        sides[s].median_s = cb_sort_median(sides[s].seconds, repetitions);
        sides[s].best_s = sides[s].seconds[0];
    }
    *peak_gflops = cb_sort_median(peaks, repetitions);
    return CB_OK;
}
