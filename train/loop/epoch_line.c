#include "loop/epoch_line.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Parts that may be left out; the first is the first to go. */
enum { SPEED, TRAIN_ACCURACY, SECONDS, TRAIN_LOSS, EVAL_LOSS, PARTS };

__attribute__((format(printf, 2, 3))) static void append(char *text, const char *format, ...)
{
    const size_t length = strlen(text);
    va_list args;
    va_start(args, format);
    vsnprintf(text + length, CB_EPOCH_LINE_BYTES - length, format, args);
    va_end(args);
}

/* The line without the first `gone` parts. */
static void fill(char text[CB_EPOCH_LINE_BYTES], const struct cb_epoch_line *line, int gone)
{
    const struct cb_record_epoch *e = line->epoch;
    snprintf(text, CB_EPOCH_LINE_BYTES, "epoch %3zu", e->epoch);
    if (gone <= TRAIN_LOSS || !e->evaluated) append(text, "  train loss %.4f", e->train_loss);
    if (gone <= TRAIN_ACCURACY) append(text, "  accuracy %6.2f %%", e->train_accuracy_percent);
    if (e->evaluated && gone <= EVAL_LOSS)
        append(text, "  %s loss %.4f  accuracy %6.2f %%", line->evaluated_on, e->eval_loss, e->eval_accuracy_percent);
    else if (e->evaluated)
        append(text, "  %s accuracy %6.2f %%", line->evaluated_on, e->eval_accuracy_percent);
    if (gone <= SECONDS) append(text, "  %6.1f s", e->seconds);
    if (gone <= SPEED) append(text, "  %5.0f images/s", e->images_per_second);
    append(text, "%s", line->mark);
}

void cb_epoch_line_text(char text[CB_EPOCH_LINE_BYTES], const struct cb_epoch_line *line, size_t columns)
{
    for (int gone = 0; gone <= PARTS; gone++) {
        fill(text, line, gone);
        if (!columns || strlen(text) <= columns) return;
    }
}

void cb_target_line_text(char text[CB_EPOCH_LINE_BYTES], const struct cb_epoch_line *line, double target_percent,
                         double seconds, size_t columns)
{
    const struct cb_record_epoch *e = line->epoch;
    snprintf(text, CB_EPOCH_LINE_BYTES,
             "target reached: %s accuracy %.2f %% in epoch %zu is the first at %g %%, after %.1f s%s",
             line->evaluated_on, e->eval_accuracy_percent, e->epoch, target_percent, seconds, line->mark);
    if (columns && strlen(text) > columns)
        snprintf(text, CB_EPOCH_LINE_BYTES, "target reached: %s %.2f %% in epoch %zu, after %.1f s%s",
                 line->evaluated_on, e->eval_accuracy_percent, e->epoch, seconds, line->mark);
}
