#ifndef CB_PICTURE_CHART_H
#define CB_PICTURE_CHART_H

#include <stdbool.h>
#include <stddef.h>

/* A picture as data: axes, series of points, and remarks. Texts are plain UTF-8. Missing points are NaN and interrupt a
 * line. */
enum cb_mark {
    CB_BOLD, /* lines */
    CB_THIN,
    CB_DOTTED,
    CB_DOTS,     /* a dot each */
    CB_RINGS,    /* a circle each */
    CB_INTERVAL, /* a dot, and a bar from low to high along x */
    CB_BAR,      /* a rectangle from low to high along x, one row high */
};

struct cb_point_xy {
    double x, y, low, high;
};

enum { CB_COLOUR_TEXT = -1, CB_COLOUR_MUTED = -2, CB_COLOURS = 8 };

struct cb_series {
    char *label; /* series of one label are shown and hidden together */
    int colour;  /* 0 to CB_COLOURS - 1, or one of the two above */
    enum cb_mark mark;
    bool named; /* the label stands beside the last point, or in the key */
    struct cb_point_xy *points;
    size_t count;
};

struct cb_axis {
    const char *label; /* "" for none */
    bool logarithmic;
    double low, high; /* NaN: from the data */
    char **names;     /* of rows 1, 2, ... of an axis without numbers, or NULL */
    size_t name_count;
};

/* A line across at y, or a text at a point. */
struct cb_remark {
    char *text;
    double x, y;
    int colour;
    bool is_level;
};

struct cb_chart {
    char *name; /* of its file: letters, digits and - */
    char *title;
    struct cb_axis x, y;
    struct cb_series *series;
    size_t series_count;
    struct cb_remark *remarks;
    size_t remark_count;
    size_t rows; /* of an axis with names: how high the picture must be; else 0 */
};

struct cb_chart cb_chart_make(const char *name, const char *title, const char *x_label, const char *y_label);
void cb_chart_free(struct cb_chart *chart);

/* Valid until the next series is added. */
struct cb_series *cb_chart_add(struct cb_chart *chart, const char *label, int colour, enum cb_mark mark);
void cb_series_point(struct cb_series *series, double x, double y);
void cb_series_span(struct cb_series *series, double x, double y, double low, double high);
void cb_chart_level(struct cb_chart *chart, double y, const char *text);
void cb_chart_text(struct cb_chart *chart, double x, double y, int colour, const char *text);
/* A further row of the y axis, from the top; its y. */
double cb_chart_row(struct cb_chart *chart, const char *name);

#endif
