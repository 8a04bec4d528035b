#include "print.h"

#include <stdlib.h>
#include <string.h>

#include "sentence.h"

/* As format, of the value times factor. */
static void set_number(struct cb_grid *grid, size_t row, size_t column, const json_t *object, const char *key,
                       double factor, const char *unit, int decimals)
{
    const json_t *value = json_object_get(object, key);
    if (json_is_number(value))
        cb_grid_set(grid, row, column, "%.*f%s", decimals, factor * json_number_value(value), unit);
    else
        cb_grid_set(grid, row, column, "-");
}

void cb_score_rate_cells(struct cb_grid *grid, size_t row, size_t column, const json_t *projection)
{
    set_number(grid, row, column, projection, "images_per_second", 1, "", 0);
    set_number(grid, row, column + 1, projection, "share_of_peak", 100, " %", 0);
}

void cb_score_time_cell(struct cb_grid *grid, size_t row, size_t column, const json_t *projection)
{
    const json_t *seconds = json_object_get(projection, "seconds_to_target"),
                 *interval = json_object_get(projection, "interval");
    char time[3][32];
    cb_grid_set(grid, row, column, "-");
    if (!json_is_number(seconds) || json_array_size(interval) != 2) return;
    cb_score_time_text(time[0], sizeof time[0], json_number_value(seconds), 1);
    for (size_t i = 0; i < 2; i++)
        cb_score_time_text(time[1 + i], sizeof time[0], json_number_value(json_array_get(interval, i)), 1);
    cb_grid_set(grid, row, column, "%s (%s to %s)%s", time[0], time[1], time[2],
                json_is_true(json_object_get(projection, "disturbed")) ? " disturbed" : "");
}

/* "70, 68 (seeds 1, 2)": of those that reached the target. */
static void set_epochs(struct cb_grid *grid, size_t row, size_t column, const json_t *projection)
{
    char epochs[CB_GRID_TEXT] = "", seeds[CB_GRID_TEXT] = "";
    size_t i;
    json_t *seed;
    const json_t *list = json_object_get(projection, "epochs_to_target");
    json_array_foreach(list, i, seed)
    {
        size_t e = strlen(epochs), s = strlen(seeds);
        snprintf(epochs + e, sizeof epochs - e, "%s%lld", i ? ", " : "",
                 (long long)json_integer_value(json_object_get(seed, "epoch")));
        snprintf(seeds + s, sizeof seeds - s, "%s%lld", i ? ", " : "",
                 (long long)json_integer_value(json_object_get(seed, "seed")));
    }
    const char *from = strcmp(cb_score_text(projection, "epochs_from"), cb_score_text(projection, "numerics"))
                           ? cb_score_text(projection, "epochs_from")
                           : "";
    cb_grid_set(grid, row, column, "-");
    if (json_array_size(list))
        cb_grid_set(grid, row, column, "%.24s (seed%s %.24s%s%s)", epochs, json_array_size(list) > 1 ? "s" : "", seeds,
                    *from ? ", " : "", from);
}

static void print_projections(const json_t *document, FILE *out)
{
    static const char *const head[] = {"recipe",  "numerics",   "step",   "images/s",
                                       "of peak", "evaluation", "epochs", "projected time to target"};
    struct cb_grid *grid = calloc(1, sizeof *grid);
    size_t i;
    json_t *p;
    if (!grid) {
        fputs("(out of memory for the table)\n", out);
        return;
    }
    for (size_t c = 0; c < sizeof head / sizeof *head; c++) cb_grid_set(grid, 0, c, "%s", head[c]);
    json_array_foreach(json_object_get(document, "projections"), i, p)
    {
        cb_grid_set(grid, i + 1, 0, "%s", cb_score_text(p, "recipe"));
        cb_grid_set(grid, i + 1, 1, "%s", cb_score_text(p, "numerics"));
        set_number(grid, i + 1, 2, p, "step_s", 1, " s", 4);
        cb_score_rate_cells(grid, i + 1, 3, p);
        set_number(grid, i + 1, 5, p, "evaluation_s", 1, " s", 2);
        set_epochs(grid, i + 1, 6, p);
        cb_score_time_cell(grid, i + 1, 7, p);
    }
    cb_grid_print(grid, false, out);
    free(grid);
    fputs(
        "of peak: flops that direct convolutions would need, over the peak measured here; Winograd needs fewer, so it "
        "may exceed 100 %\n",
        out);
}

/* Each reason once, with what lacks the value. */
static void print_reasons(const json_t *document, FILE *out)
{
    static const char *const keys[] = {"fingerprint_matches", "seconds_to_target"};
    size_t i;
    json_t *p;
    json_array_foreach(json_object_get(document, "projections"), i, p)
    {
        char key[64];
        for (size_t k = 0; k < sizeof keys / sizeof *keys; k++) {
            snprintf(key, sizeof key, "%s_reason", keys[k]);
            if (*cb_score_text(p, key))
                fprintf(out, "%s %s: no %s: %s\n", cb_score_text(p, "recipe"), cb_score_text(p, "numerics"),
                        k ? "projection" : "check of the fingerprint", cb_score_text(p, key));
        }
        if (json_array_size(json_object_get(p, "seeds_not_reached")))
            fprintf(out, "%s %s: %zu recorded seeds did not reach the target; the projection is of those that did\n",
                    cb_score_text(p, "recipe"), cb_score_text(p, "numerics"),
                    json_array_size(json_object_get(p, "seeds_not_reached")));
    }
}

static void print_fingerprints(const json_t *document, FILE *out)
{
    size_t i, matching = 0, checked = 0;
    json_t *p;
    json_array_foreach(json_object_get(document, "projections"), i, p)
    {
        const json_t *matches = json_object_get(p, "fingerprint_matches");
        checked += json_is_boolean(matches);
        matching += json_is_true(matches);
    }
    fprintf(out, "Fingerprints: %zu of %zu that were checked are the shipped ones%s.\n", matching, checked,
            checked && matching == checked ? ": this machine computes the same trainings" : "");
}

static void print_energy(const json_t *document, FILE *out)
{
    size_t i;
    json_t *p;
    json_array_foreach(json_object_get(document, "projections"), i, p)
    {
        const json_t *joules = json_object_get(p, "joules_to_target");
        if (json_is_number(joules))
            fprintf(out, "%s %s: about %.0f kJ at %.0f W (processor packages, by RAPL)\n", cb_score_text(p, "recipe"),
                    cb_score_text(p, "numerics"), 1e-3 * json_number_value(joules),
                    json_number_value(json_object_get(p, "watts")));
        else if (i == 0)
            fprintf(out, "No energy: %s.\n",
                    cb_score_text(p, *cb_score_text(p, "watts_reason") ? "watts_reason" : "joules_to_target_reason"));
    }
}

void cb_score_print(const json_t *document, FILE *out)
{
    fprintf(out, "\n");
    print_projections(document, out);
    fprintf(out, "\n");
    print_reasons(document, out);
    print_fingerprints(document, out);
    print_energy(document, out);
    fprintf(out,
            "%lld rounds in %.0f s%s. Intervals: the spread of the times here and the range over the seeds, which of "
            "one seed is unknown.\n",
            (long long)json_integer_value(json_object_get(document, "rounds")),
            json_number_value(json_object_get(document, "measured_seconds")),
            json_is_true(json_object_get(document, "disturbed"))
                ? "; other programs disturbed them throughout, so that the intervals are wide"
                : "");
    const char *summary = cb_score_text(document, "summary");
    fprintf(out, "%s%s\n",
            *summary ? summary : "No summary: ", *summary ? "" : cb_score_text(document, "summary_reason"));
}
