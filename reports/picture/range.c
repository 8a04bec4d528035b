#include "range.h"

#include <math.h>

enum { STEPS = 6 /* about as many round numbers on an axis */ };

/* 1, 2 or 5 times a power of ten, not below the value. */
static double round_step(double value)
{
    const double power = pow(10, floor(log10(value)));
    return value <= power ? power : value <= 2 * power ? 2 * power : value <= 5 * power ? 5 * power : 10 * power;
}

static struct cb_range of_data(const struct cb_chart *chart)
{
    struct cb_range range = {INFINITY, -INFINITY, chart->y.logarithmic};
    for (size_t i = 0; i < chart->series_count; i++)
        for (size_t k = 0; k < chart->series[i].count; k++) {
            const struct cb_point_xy *p = &chart->series[i].points[k];
            if (!isfinite(p->x) || !isfinite(p->y) || (range.logarithmic && p->y <= 0)) continue;
            range.low = fmin(range.low, p->y);
            range.high = fmax(range.high, p->y);
        }
    return range;
}

struct cb_range cb_y_range(const struct cb_chart *chart)
{
    struct cb_range range = of_data(chart);
    if (isfinite(chart->y.low)) range.low = chart->y.low;
    if (isfinite(chart->y.high)) range.high = chart->y.high;
    if (!isfinite(range.low) || !isfinite(range.high)) return (struct cb_range){0.1, 1, chart->y.logarithmic};
    if (range.logarithmic) {
        if (!isfinite(chart->y.low)) range.low = pow(10, floor(log10(range.low)));
        if (!isfinite(chart->y.high)) range.high = pow(10, ceil(log10(range.high)));
        if (range.high <= range.low) range.high = 10 * range.low;
        return range;
    }
    if (range.high <= range.low) {
        const double room = fmax(fabs(range.low) / 20, 1e-9);
        range.low -= room;
        range.high += room;
    }
    const double step = round_step((range.high - range.low) / STEPS);
    if (!isfinite(chart->y.low)) range.low = step * floor(range.low / step);
    if (!isfinite(chart->y.high)) range.high = step * ceil(range.high / step);
    return range;
}

double cb_share_of_range(const struct cb_range *range, double y)
{
    const double share = range->logarithmic ? log(y / range->low) / log(range->high / range->low)
                                            : (y - range->low) / (range->high - range->low);
    return share > 0 ? fmin(share, 1) : 0;
}
