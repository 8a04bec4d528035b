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
    struct cb_ceilings *ceilings; /* of its number of threads; measured when the first case runs */
    enum cb_isa best;             /* that moves the bytes of the ceilings */
    struct cb_team *team;
    void *work;
    bool set_up;
    enum cb_entrant_state state[CB_MAX_ENTRANTS];
    struct cb_error why[CB_MAX_ENTRANTS];       /* of what is skipped or wrong */
    double peak_at_s[CB_FORMATS][CB_ISA_COUNT]; /* when the peak was measured */
};

void cb_live_begin(struct cb_live *live, const struct cb_contest *contest, struct cb_ceilings *ceilings,
                   enum cb_isa best);
void cb_live_end(struct cb_live *live);

/* One run of an entrant, the body of a cb_measure_fn. */
void cb_live_measure(struct cb_live *live, size_t entrant, struct cb_state *state);

/* Whoever can count events of the processor attaches here. start and stop stand around the timed calls of a warm run,
 * with nothing else in between; stop adds what was counted to the row (cb_state_counter). NULL: nobody counts. To be
 * used with --iterations: the library chooses other numbers of calls from run to run. */
struct cb_event_counter {
    void *context;
    void (*start)(void *context);
    void (*stop)(void *context, size_t calls, struct cb_state *state);
};
extern const struct cb_event_counter *cb_live_counter;

#endif
