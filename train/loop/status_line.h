#ifndef CB_STATUS_LINE_H
#define CB_STATUS_LINE_H

#include <stdbool.h>
#include <stddef.h>

/* What a terminal is told while a run goes on. */
struct cb_status_line {
    size_t epoch, epochs; /* the one in work, from 1 */
    bool evaluating;
    double loss, rate; /* of the last iteration; rate is the learning rate; NaN: there was none */
    double images_per_second;
    double seconds_left;
    double best_percent; /* accuracy; negative: nothing is evaluated yet */
    bool target_reached;
};

enum { CB_STATUS_LINE_BYTES = 512 };

/* One line of at most `columns` characters, without a newline: where it is too narrow the least important fields are
 * left out. Colours are ANSI escape sequences, which take no column. */
void cb_status_line_text(char text[CB_STATUS_LINE_BYTES], const struct cb_status_line *status, size_t columns,
                         bool colours);

/* "3 min", "7 h 34 min" */
void cb_format_minutes(char text[32], double seconds);

#endif
