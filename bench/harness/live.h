#ifndef CB_LIVE_H
#define CB_LIVE_H

#include "case.h"
#include "ceilings.h"
#include "gbench.h"

/* The contest that is under way: its memory is there from the first case that runs until the contest ends, and each
 * entrant is prepared and verified once, before it is timed. */

enum cb_entrant_state { CB_NEW, CB_READY, CB_SKIPPED, CB_WRONG };

struct cb_live {
    const struct cb_contest *contest;
    struct cb_ceilings *ceilings; /* of its number of threads; measured when a case needs them */
    enum cb_isa best;             /* that moves the bytes of the ceilings */
    struct cb_team *team;
    json_t *thread_cpus; /* as the kernel said before the last run; NULL: not known */
    void *work;
    double pause_s; /* of the timer, for cold cases */
    bool set_up;
    enum cb_entrant_state state[CB_MAX_ENTRANTS];
    struct cb_error why[CB_MAX_ENTRANTS];       /* of what is skipped or wrong */
    double peak_at_s[CB_FORMATS][CB_ISA_COUNT]; /* when the peak was measured */
};

void cb_live_begin(struct cb_live *live, const struct cb_contest *contest, struct cb_ceilings *ceilings,
                   enum cb_isa best, double pause_s);
void cb_live_end(struct cb_live *live);

/* A timer is paused for the flushing before each cold call, and what that takes is timed, too: whether that distorts
 * calls of this time. */
enum { CB_LEAST_PAUSES = 50 };
static inline bool cb_too_short_for_timer(double call_s, double pause_s)
{
    return call_s < CB_LEAST_PAUSES * pause_s;
}

/* One run of an entrant, the body of a cb_measure_fn. */
void cb_live_measure(struct cb_live *live, size_t entrant, struct cb_state *state);

/* Calls of an entrant that is ready and whose ISA is selected, not timed. */
enum cb_status cb_live_run(struct cb_live *live, size_t entrant, size_t calls, struct cb_error *err);

#endif
