#include <stdarg.h>
#include <stdio.h>

#include "run.h"

bool cb_report_fail(struct cb_report_error *err, int exit_status, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(err->text, sizeof err->text, format, args);
    va_end(args);
    err->exit_status = exit_status;
    return false;
}
