#ifndef CB_REPORT_CELLS_H
#define CB_REPORT_CELLS_H

#include <jansson.h>
#include <stdbool.h>

/* What stands in a row of a table, and how. */
enum cb_cell {
    CB_TEXT,
    CB_COUNT,
    CB_SECONDS,
    CB_SPREAD_SECONDS,
    CB_RATE,
    CB_AMOUNT, /* maybe large */
    CB_PERCENT,
    CB_BEST, /* percent, with its epoch where it has one */
    CB_POINTS,
    CB_EPOCHS, /* maybe a mean */
    CB_LOSS,
    CB_SPEEDUP,       /* with its range, where it has one */
    CB_RANGE_PERCENT, /* of these the key is that behind "min_" and "max_" */
    CB_RANGE_SECONDS,
    CB_RANGE_EPOCHS,
    CB_DIFFERENCE_PERCENT, /* of these the key is an object with "mean", "sd" and "n" */
    CB_DIFFERENCE_SECONDS,
    CB_DIFFERENCE_EPOCHS,
    CB_JOINED, /* an array of strings */
    CB_REACHED,
    CB_MEBIBYTES,
    CB_DATA,
    CB_WEIGHTS,
};

struct cb_row {
    const char *label, *key; /* a key may lead into objects: "times_of.cpu" */
    enum cb_cell kind;
    bool setup;          /* what was run, not what came out: equal in all, it is no row */
    const char *missing; /* what a "-" is called where its reason is told; NULL: it is not told */
};

/* The cell of a column, which is a run or group of comparison.h; "-" for what is missing. A new string. */
json_t *cb_cell(const json_t *column, const struct cb_row *row);
/* The reason why the column has no value there; "" if it has one, or if the target was not reached, which is said. */
const char *cb_reason(const json_t *column, const struct cb_row *row);
/* A member that is a text, else "". */
const char *cb_string_of(const json_t *object, const char *key);

#endif
