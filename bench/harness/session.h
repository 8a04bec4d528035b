#ifndef CB_SESSION_H
#define CB_SESSION_H

#include "case.h"
#include "ceilings.h"
#include "gbench.h"

/* The measurement of a case: its memory is there from the first implementation that runs until the case ends, and each
 * implementation is prepared and verified once, before it is timed. */

enum cb_implementation_state { CB_NEW, CB_READY, CB_SKIPPED, CB_WRONG };

struct cb_session {
    const struct cb_case *the_case;
    struct cb_ceilings *ceilings; /* of its number of threads; measured when a case needs them */
    enum cb_isa best;             /* that moves the bytes of the ceilings */
    struct cb_team *team;
    json_t *thread_cpus; /* as the kernel said before the last run; NULL: not known */
    void *work;
    double pause_s; /* of the timer, for cold cases */
    bool set_up;
    struct cb_session_part {
        enum cb_implementation_state state;
        struct cb_error why;                    /* it is skipped or wrong */
    } * of;                                     /* the implementations of the case */
    double peak_at_s[CB_FORMATS][CB_ISA_COUNT]; /* when the peak was measured */
};

/* CB_NO_MEMORY. cb_session_end is due after a failure, too. */
enum cb_status cb_session_begin(struct cb_session *session, const struct cb_case *the_case,
                                struct cb_ceilings *ceilings, enum cb_isa best, double pause_s, struct cb_error *err);
void cb_session_end(struct cb_session *session);

/* A timer is paused for the flushing before each cold call, and what that takes is timed, too: whether that distorts
 * calls of this time. */
enum { CB_LEAST_PAUSES = 50 };
static inline bool cb_too_short_for_timer(double call_s, double pause_s)
{
    return call_s < CB_LEAST_PAUSES * pause_s;
}

/* One run of implementation `index`, the body of a cb_measure_fn. */
void cb_session_measure(struct cb_session *session, size_t index, struct cb_state *state);

/* Calls of one that is ready and whose ISA is selected, not timed. */
enum cb_status cb_session_run(struct cb_session *session, size_t index, size_t calls, struct cb_error *err);

#endif
