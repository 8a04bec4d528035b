#ifndef CB_PICTURE_RANGE_H
#define CB_PICTURE_RANGE_H

#include "chart.h"

/* From the lowest to the highest number of an axis. */
struct cb_range {
    double low, high;
    bool logarithmic;
};

/* Of the y axis: its own bounds; where it has none, the data's, as far as the next round number. */
struct cb_range cb_y_range(const struct cb_chart *chart);
/* Where y stands between the ends: 0 at the low one, 1 at the high one; what lies outside stands at an end. */
double cb_share_of_range(const struct cb_range *range, double y);

#endif
