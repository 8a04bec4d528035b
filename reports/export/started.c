#include <time.h>

#include "../lib/values.h"
#include "export.h"

enum { WRONG_INPUT = 2 };

bool cb_export_started(double *seconds, const struct cb_report_run *run, const char *format,
                       struct cb_report_error *err)
{
    struct tm utc = {0};
    const char *text = json_string_value(cb_member(run->header, "started"));
    const char *end = text ? strptime(text, "%Y-%m-%dT%H:%M:%SZ", &utc) : NULL;
    if (!end || *end)
        return cb_report_fail(err, WRONG_INPUT,
                              "%s:1: key \"started\": expected a time such as 2026-01-02T03:04:05Z, got %s; %s needs "
                              "it: choose csv or dawnbench",
                              run->path, text ? text : "nothing", format);
    *seconds = (double)timegm(&utc);
    return true;
}
