#ifndef CB_EPOCH_LINE_H
#define CB_EPOCH_LINE_H

#include <stddef.h>

#include "record/record.h"

/* What a finished epoch leaves to be read: lines that stay. */
struct cb_epoch_line {
    const struct cb_record_epoch *epoch;
    const char *evaluated_on; /* "test" or "holdout" */
    const char *mark;         /* what the accuracies must not be read without; "": nothing */
};

enum { CB_EPOCH_LINE_BYTES = 512 };

/* Without a newline. Where it takes more than `columns` (0: no limit), the least important parts are left out; what is
 * then left may still be longer. */
void cb_epoch_line_text(char text[CB_EPOCH_LINE_BYTES], const struct cb_epoch_line *line, size_t columns);
/* The same for the epoch that is the first to reach the target. */
void cb_target_line_text(char text[CB_EPOCH_LINE_BYTES], const struct cb_epoch_line *line, double target_percent,
                         double seconds, size_t columns);

#endif
