#include "count.h"

json_t *cb_count_json(const struct cb_count *count)
{
    if (!count->known) return json_pack("{s:n, s:s, s:s}", "value", "source", "unavailable", "reason", count->reason);
    return json_pack("{s:I, s:s, s:b}", "value", (json_int_t)count->value, "source", count->source, "exact",
                     (int)count->exact);
}
