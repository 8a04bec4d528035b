#include "perf/tally.h"

#include <stdlib.h>
#include <string.h>

enum cb_status cb_tally_make(struct cb_tally *tally, size_t places, const struct cb_counters *counters,
                             struct cb_error *err)
{
    *tally = (struct cb_tally){.places = places};
    tally->sum = calloc(2 * CB_EVENT_COUNT * places, sizeof *tally->sum);
    if (!tally->sum) return cb_fail(err, CB_NO_MEMORY, "out of memory for the counts of %zu places", places);
    tally->piece = tally->sum + CB_EVENT_COUNT * places;
    for (enum cb_event event = 0; event < CB_EVENT_COUNT; event++)
        cb_counters_read(counters, event, &tally->seen[event]);
    return CB_OK;
}

void cb_tally_free(struct cb_tally *tally)
{
    free(tally->sum);
    *tally = (struct cb_tally){0};
}

void cb_tally_add(struct cb_tally *tally, enum cb_event event, size_t place, const struct cb_count *part)
{
    if (part->known)
        tally->piece[event * tally->places + place] += part->value;
    else
        tally->lost[event] = true;
    if (part->known ? !tally->lost[event] : !tally->counted[event]) tally->seen[event] = *part;
}

void cb_tally_drop(struct cb_tally *tally)
{
    memset(tally->piece, 0, CB_EVENT_COUNT * tally->places * sizeof *tally->piece);
    memset(tally->lost, 0, sizeof tally->lost);
}

void cb_tally_end(struct cb_tally *tally, const struct cb_counters *counters, size_t pass)
{
    tally->pieces++;
    for (enum cb_event event = 0; event < CB_EVENT_COUNT; event++) {
        if (tally->lost[event] || !cb_counters_counts(counters, event, pass)) continue;
        tally->counted[event]++;
        for (size_t i = event * tally->places; i < (event + 1) * tally->places; i++) tally->sum[i] += tally->piece[i];
    }
    cb_tally_drop(tally);
}

uint64_t cb_tally_sum(const struct cb_tally *tally, enum cb_event event, long place)
{
    const uint64_t *sums = tally->sum + event * tally->places;
    if (place != CB_ALL_PLACES) return sums[place];
    uint64_t sum = 0;
    for (size_t i = 0; i < tally->places; i++) sum += sums[i];
    return sum;
}

uint64_t cb_tally_scaled(const struct cb_tally *tally, enum cb_event event, long place)
{
    const uint64_t sum = cb_tally_sum(tally, event, place);
    if (tally->counted[event] == tally->pieces) return sum;
    return (uint64_t)((double)sum * (double)tally->pieces / (double)tally->counted[event] + 0.5);
}
