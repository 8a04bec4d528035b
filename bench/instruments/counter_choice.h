#ifndef CB_COUNTER_CHOICE_H
#define CB_COUNTER_CHOICE_H

#include <stddef.h>

#include "core/status.h"

/* Events of the user's choice, counted beside those of enum cb_event, after which they are numbered. Chosen before the
 * first counters are opened or described. */

/* Names with commas between them: presets of PAPI, native events ("component::event"), events of perf, and the names of
 * enum cb_event, which are counted anyway. A name of none of these is CB_BAD_INPUT, with the nearest that is one. */
enum cb_status cb_choose_events(const char *option, const char *list, struct cb_error *err);
size_t cb_chosen_events(void);
const char *cb_chosen_name(size_t i);

/* Named groups of events, in likwid's manner. name NULL: after the last. */
struct cb_event_group {
    const char *name, *title, *events;
};
extern const struct cb_event_group cb_event_groups[];
/* The group of this name; *group (or NULL) gets it. */
enum cb_status cb_choose_group(const char *name, const struct cb_event_group **group, struct cb_error *err);

#endif
