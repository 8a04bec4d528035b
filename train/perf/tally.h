#ifndef CB_TALLY_H
#define CB_TALLY_H

#include "counters.h"

/* Private to train/perf: events summed over pieces of work of one kind (iterations, evaluations), where each piece is
 * counted by one of the passes. A piece may be counted in parts. */
struct cb_tally {
    size_t places;                        /* what counts are kept apart: threads, or kinds of layer */
    size_t pieces;                        /* that have come to their end, counted or not */
    size_t counted[CB_EVENT_COUNT];       /* pieces in which the event was counted */
    uint64_t *sum, *piece;                /* [CB_EVENT_COUNT][places]: of the counted pieces; of the one at hand */
    bool lost[CB_EVENT_COUNT];            /* a part of the piece at hand has no count */
    struct cb_count seen[CB_EVENT_COUNT]; /* a count with the source, or with the reason why there is none */
};

enum { CB_ALL_PLACES = -1 };

/* CB_NO_MEMORY: the tally is empty, which cb_tally_free accepts. The counters say what cannot be counted. */
enum cb_status cb_tally_make(struct cb_tally *tally, size_t places, const struct cb_counters *counters,
                             struct cb_error *err);
void cb_tally_free(struct cb_tally *tally);

/* The count of a part of the piece at hand. */
void cb_tally_add(struct cb_tally *tally, enum cb_event event, size_t place, const struct cb_count *part);
/* The piece is at its end, after being counted by this pass; or it is forgotten. */
void cb_tally_end(struct cb_tally *tally, const struct cb_counters *counters, size_t pass);
void cb_tally_drop(struct cb_tally *tally);

/* The sum over the counted pieces, of one place or CB_ALL_PLACES. */
uint64_t cb_tally_sum(const struct cb_tally *tally, enum cb_event event, long place);
/* The estimate for all pieces: the sum times pieces over counted ones, which is the sum where all are counted. There
 * must be a counted piece, or none at all. */
uint64_t cb_tally_scaled(const struct cb_tally *tally, enum cb_event event, long place);

#endif
