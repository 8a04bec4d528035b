#ifndef CB_COUNTER_NAMES_H
#define CB_COUNTER_NAMES_H

#include <jansson.h>

/* Which events of the user's choice (counter_choice.h) can be counted here, tried one by one but not proven:
 * {"perf": [names], "perf_missing": {name: reason}, "papi_presets": [names], "papi_presets_missing": {reason: how
 * many}}. New reference. */
json_t *cb_event_names_describe(void);

/* Of each group the events that can be counted, or null with "<group>_reason": {"cache": ["l1d_misses", ...], ...}. New
 * reference. */
json_t *cb_event_groups_describe(void);

/* Both as text. */
void cb_event_names_print(const json_t *names, const json_t *groups);

#endif
