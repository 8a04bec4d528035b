#include "loop/status_line.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

void cb_format_minutes(char text[32], double seconds)
{
    const unsigned long minutes = (unsigned long)(seconds / 60 + 0.5);
    if (seconds < 60)
        snprintf(text, 32, "under a minute");
    else if (minutes < 60)
        snprintf(text, 32, "%lu min", minutes);
    else
        snprintf(text, 32, "%lu h %02lu min", minutes / 60, minutes % 60);
}

/* In the order in which they stand. */
enum { EPOCH, EVALUATING, LOSS, RATE, IMAGES, LEFT, BEST, FIELDS };
/* The first of these that stands is left out next; what is happening stays to the last. */
static const int least_important[] = {RATE, IMAGES, BEST, LOSS, LEFT, EPOCH};

struct field {
    char text[64]; /* empty: left out */
    const char *colour;
};

static void fill(struct field fields[FIELDS], const struct cb_status_line *s)
{
    char time[32];
    cb_format_minutes(time, s->seconds_left);
    snprintf(fields[EPOCH].text, sizeof fields->text, "epoch %zu of %zu", s->epoch, s->epochs);
    fields[EPOCH].colour = "\033[1m";
    if (s->evaluating) snprintf(fields[EVALUATING].text, sizeof fields->text, "evaluating");
    fields[EVALUATING].colour = "\033[33m";
    if (!isnan(s->loss)) snprintf(fields[LOSS].text, sizeof fields->text, "loss %.4f", s->loss);
    if (!isnan(s->rate)) snprintf(fields[RATE].text, sizeof fields->text, "rate %.4g", s->rate);
    if (s->images_per_second > 0)
        snprintf(fields[IMAGES].text, sizeof fields->text, "%.0f images/s", s->images_per_second);
    if (s->images_per_second > 0) snprintf(fields[LEFT].text, sizeof fields->text, "%s left", time);
    if (s->best_percent >= 0) snprintf(fields[BEST].text, sizeof fields->text, "best %.2f %%", s->best_percent);
    if (s->target_reached) fields[BEST].colour = "\033[32m";
}

/* Two spaces between two fields. */
static size_t width(const struct field fields[FIELDS])
{
    size_t sum = 0;
    for (int i = 0; i < FIELDS; i++)
        if (*fields[i].text) sum += strlen(fields[i].text) + (sum ? 2 : 0);
    return sum;
}

void cb_status_line_text(char text[CB_STATUS_LINE_BYTES], const struct cb_status_line *status, size_t columns,
                         bool colours)
{
    struct field fields[FIELDS] = {0};
    fill(fields, status);
    const size_t optional = sizeof least_important / sizeof *least_important - !status->evaluating;
    for (size_t i = 0; i < optional && width(fields) > columns; i++) *fields[least_important[i]].text = '\0';
    size_t at = 0, room = columns;
    for (int i = 0; i < FIELDS; i++) {
        const char *before = room < columns ? "  " : "", *colour = colours ? fields[i].colour : NULL;
        if (!*fields[i].text || room <= strlen(before)) continue;
        room -= strlen(before);
        const size_t shown = strnlen(fields[i].text, room);
        at += (size_t)snprintf(text + at, CB_STATUS_LINE_BYTES - at, "%s%s%.*s%s", before, colour ? colour : "",
                               (int)shown, fields[i].text, colour ? "\033[0m" : "");
        room -= shown;
    }
    text[at] = '\0';
}
