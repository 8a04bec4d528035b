#include "roofline_chart.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "../lib/values.h"

#define DOTS                                                                                                           \
    "Each dot is one implementation of one case: ours, and each library's. Flops are those of direct convolution, on " \
    "both axes. Bytes are each input read once and each output written once."
static const char without_roofs[] = DOTS " No ceilings were measured.",
                  with_roofs[] = DOTS " Lines: the bandwidth of a level of memory times the intensity, up to the "
                                      "fastest measured peak. Winograd needs fewer flops, so it may stand above.";

static double number(const json_t *row, const char *key)
{
    return json_number_value(json_object_get(row, key));
}

static double fastest_of(const json_t *object)
{
    double most = (double)NAN;
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)object, key, value) if (json_is_number(value) && !(json_number_value(value) <= most))
        most = json_number_value(value);
    return most;
}

/* The fastest of a level's streams. */
static double bandwidth(const json_t *level)
{
    static const char *const streams[] = {"read", "copy", "triad", "nt_copy"};
    double most = (double)NAN;
    for (size_t i = 0; i < sizeof streams / sizeof *streams; i++) {
        const json_t *value = json_object_get(level, streams[i]);
        if (json_is_number(value) && !(json_number_value(value) <= most)) most = json_number_value(value);
    }
    return most;
}

/* The ceilings with the most threads. */
static const json_t *ceilings_of(const json_t *bench)
{
    const json_t *best = NULL;
    json_t *entry;
    size_t i;
    json_array_foreach(json_object_get(bench, "ceilings"), i,
                       entry) if (!best || json_integer_value(json_object_get(entry, "threads")) >
                                               json_integer_value(json_object_get(best, "threads"))) best = entry;
    return best;
}

static bool add_roofs(struct cb_chart *chart, const json_t *ceilings, double least, double most)
{
    static const char *const levels[] = {"L1", "L2", "L3", "DRAM"};
    const double peak = fmax(fastest_of(json_object_get(ceilings, "fma_peak_FLOPS")),
                             fastest_of(json_object_get(ceilings, "bf16_peak_FLOPS")));
    if (!(peak > 0)) return false;
    for (size_t l = 0; l < sizeof levels / sizeof *levels; l++) {
        const double rate =
            bandwidth(json_object_get(json_object_get(ceilings, "bandwidth_bytes_per_second"), levels[l]));
        if (!(rate > 0)) continue;
        char label[64];
        snprintf(label, sizeof label, "%s: %.0f GB/s", strcmp(levels[l], "DRAM") ? levels[l] : "memory", rate / 1e9);
        struct cb_series *series = cb_chart_add(chart, label, CB_COLOUR_MUTED, CB_THIN);
        series->named = true;
        cb_series_point(series, least, fmin(peak, least * rate) / 1e9);
        if (peak / rate > least) cb_series_point(series, fmin(peak / rate, most), fmin(peak, most * rate) / 1e9);
        if (peak / rate < most) cb_series_point(series, most, peak / 1e9);
    }
    char text[64];
    snprintf(text, sizeof text, "fastest peak %.0f GFLOP/s", peak / 1e9);
    cb_chart_level(chart, peak / 1e9, text);
    return true;
}

/* A series a library, in the order of the rows; ours come first. */
static struct cb_series *series_of(struct cb_chart *chart, const char *library)
{
    for (size_t i = 0; i < chart->series_count; i++)
        if (!strcmp(chart->series[i].label, library)) return &chart->series[i];
    struct cb_series *series = cb_chart_add(chart, library, (int)chart->series_count % CB_COLOURS, CB_DOTS);
    series->named = true;
    return series;
}

const char *cb_roofline_chart(struct cb_chart *chart, const json_t *bench, const json_t *rows, const char *name)
{
    double least = INFINITY, most = 0;
    json_t *row;
    size_t i;
    *chart = cb_chart_make(name, "Roofline", "flops per byte", "GFLOP/s");
    chart->x.logarithmic = chart->y.logarithmic = true;
    json_array_foreach((json_t *)rows, i, row)
    {
        const double intensity = number(row, "flops") / number(row, "bytes"), rate = number(row, "FLOPS");
        const char *library = json_string_value(json_object_get(row, "library"));
        if (!(intensity > 0) || !isfinite(intensity) || !(rate > 0) || !library) continue;
        least = fmin(least, intensity);
        most = fmax(most, intensity);
        cb_series_point(series_of(chart, library), intensity, rate / 1e9);
    }
    return most > 0 && add_roofs(chart, ceilings_of(bench), least / 2, most * 2) ? with_roofs : without_roofs;
}
