#include "loop/options.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "instruments.h"

enum cb_status cb_option_count(const char *option, const char *text, size_t min, size_t max, size_t *value,
                               struct cb_error *err)
{
    char *end;
    errno = 0;
    unsigned long long n = strtoull(text, &end, 10);
    if (errno || end == text || *end || text[0] == '-' || n < min || n > max)
        return cb_fail(err, CB_BAD_INPUT, "%s: expected a whole number from %zu to %zu, got '%s'", option, min, max,
                       text);
    *value = (size_t)n;
    return CB_OK;
}

enum cb_status cb_option_threads(const char *text, bool oversubscribe, size_t *threads, const char **reason,
                                 struct cb_error *err)
{
    enum cb_status status = CB_OK;
    *reason = "--threads";
    if (text)
        status = cb_option_count("--threads", text, 1, 4096, threads, err);
    else
        *threads = cb_default_threads(reason);
    return status ? status : cb_check_threads(*threads, *reason, oversubscribe, err);
}

enum cb_status cb_option_triple(const char *option, const char *text, double value[3], struct cb_error *err)
{
    const char *at = text;
    for (int i = 0; i < 3; i++) {
        char *end;
        value[i] = strtod(at, &end);
        if (end == at || *end != (i < 2 ? ',' : '\0') || !isfinite(value[i]))
            return cb_fail(err, CB_BAD_INPUT, "%s: expected three numbers such as 0.4914,0.4822,0.4465, got '%s'",
                           option, text);
        at = end + 1;
    }
    return CB_OK;
}

int cb_exit_with(const char *program, enum cb_status status, const struct cb_error *err)
{
    fprintf(stderr, "%s: %s\n", program, err->text);
    return status == CB_BAD_INPUT || status == CB_UNAVAILABLE ? 2 : 1;
}
