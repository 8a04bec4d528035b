#include "core/status.h"

#include <stdarg.h>
#include <stdio.h>

enum cb_status cb_fail(struct cb_error *err, enum cb_status status, const char *format, ...)
{
    if (err) {
        va_list args;
        va_start(args, format);
        vsnprintf(err->text, sizeof err->text, format, args);
        va_end(args);
    }
    return status;
}
