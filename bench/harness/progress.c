#include "progress.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#include "terminal.h"

void cb_duration_text(char *text, size_t bytes, double seconds)
{
    double minutes = ceil(seconds / 60);
    if (seconds <= 90)
        snprintf(text, bytes, "%.0f s", ceil(seconds));
    else if (minutes <= 90)
        snprintf(text, bytes, "%.0f min", minutes);
    else
        snprintf(text, bytes, "%.0f h %.0f min", floor(minutes / 60), fmod(minutes, 60));
}

void cb_progress_text(char *text, size_t bytes, const char *what, size_t number, size_t all, size_t done,
                      double elapsed_s)
{
    char left[32];
    if (done == 0) {
        snprintf(text, bytes, "%s %zu of %zu", what, number, all);
        return;
    }
    cb_duration_text(left, sizeof left, elapsed_s / (double)done * (double)(all - done));
    snprintf(text, bytes, "%s %zu of %zu, about %s left", what, number, all, left);
}

double cb_expected_s(size_t cases, size_t repetitions, double repetition_s)
{
    /* One more: the runs by which the number of calls is found. */
    return (double)cases * (double)(repetitions + 1) * repetition_s;
}

static bool shown;

void cb_progress_show(const char *text)
{
    const size_t columns = cb_terminal_columns(STDERR_FILENO);
    if (!columns) return;
    fprintf(stderr, "\r%.*s\033[K", (int)columns, text);
    shown = true;
}

void cb_progress_clear(void)
{
    if (shown) fputs("\r\033[K", stderr);
    shown = false;
}
