#include "count.h"

#include <stdarg.h>
#include <stdio.h>

void cb_count_set(struct cb_count *count, uint64_t value, bool exact, const char *source)
{
    *count = (struct cb_count){.known = true, .exact = exact, .value = value};
    snprintf(count->source, sizeof count->source, "%s", source);
}

void cb_count_missing(struct cb_count *count, const char *reason_format, ...)
{
    *count = (struct cb_count){.source = "unavailable"};
    va_list args;
    va_start(args, reason_format);
    vsnprintf(count->reason, sizeof count->reason, reason_format, args);
    va_end(args);
}
