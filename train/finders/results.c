#include "finders/results.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "instruments.h"

/* --- JSON --------------------------------------------------------------------------------------------------------- */

static json_t *points_json(const struct cb_search_curve *c, int validated)
{
    json_t *points = json_array();
    for (size_t i = 0; i < c->curve.count; i++) {
        const struct cb_curve_point *p = &c->curve.points[i];
        struct line point = {.object = json_object()};
        cb_line_count(&point, "iteration", i);
        cb_line_real(&point, "lr", p->lr);
        cb_line_real(&point, "loss", p->loss);
        cb_line_real(&point, "smoothed_loss", p->smoothed);
        if (validated) cb_line_real(&point, "validation_loss", p->validation);
        if (validated) cb_line_real(&point, "smoothed_validation_loss", p->validation_smoothed);
        if (!point.failed && !json_array_append_new(points, point.object)) continue;
        if (point.failed) json_decref(point.object);
        json_decref(points);
        return NULL;
    }
    return points;
}

/* NaN: null with the reason. */
static void put(struct line *line, const char *key, double x, const char *reason)
{
    if (isnan(x))
        cb_line_null(line, key, reason);
    else
        cb_line_real(line, key, x);
}

static json_t *curve_json(struct cb_search_curve *c, int validated)
{
    static const char *const stops[] = {[CB_CURVE_OPEN] = "the range was run to its end",
                                        [CB_CURVE_ABOVE_BEST] =
                                            "the smoothed loss was above four times its lowest value",
                                        [CB_CURVE_NOT_FINITE] = "the loss was not finite"};
    const struct cb_suggestion *s = &c->suggestion;
    struct line *line = &c->about;
    cb_line_text(line, "curve", c->label, NULL);
    put(line, "stopped_at_lr", c->curve.stopped_at_lr, stops[CB_CURVE_OPEN]);
    put(line, "stopped_smoothed_loss", c->curve.stopped_smoothed, stops[c->curve.stop]);
    cb_line_text(line, "stop", stops[c->curve.stop], NULL);
    put(line, "lowest_lr", s->lowest_lr, s->reason);
    put(line, "lowest_smoothed_loss", s->lowest_loss, s->reason);
    put(line, "take_off_lr", s->take_off_lr, "it does not take off in this range");
    put(line, "suggested_min", s->min, s->reason);
    put(line, "suggested_max", s->max, s->reason);
    cb_line_put(line, "points", points_json(c, validated));
    json_t *object = line->failed ? NULL : line->object;
    if (object) line->object = NULL;
    return object;
}

static json_t *finder_json(const struct cb_finder *f)
{
    struct line line = {.object = json_object()};
    cb_line_text(&line, "recipe", f->recipe, NULL);
    cb_line_real(&line, "from", f->from);
    cb_line_real(&line, "to", f->to);
    if (f->iterations)
        cb_line_count(&line, "iterations", f->iterations);
    else
        cb_line_null(&line, "iterations", "one epoch");
    cb_line_put(&line, "linear", json_boolean(f->linear));
    cb_line_put(&line, "validate", json_boolean(f->validate));
    cb_line_text(&line, "vary", *f->vary ? f->vary : NULL, "one curve");
    if (!line.failed) return line.object;
    json_decref(line.object);
    return NULL;
}

static void put_decay(struct line *line, const struct cb_search *search)
{
    static const char key[] = "suggested_weight_decay";
    const char *reason;
    if (!cb_search_varies_decay(search)) {
        cb_line_null(line, key, "the curves do not differ in optimizer.weight_decay alone");
        return;
    }
    const size_t best = cb_search_decay(search, &reason);
    put(line, key, best < search->done ? search->curves[best].decay : NAN, reason);
    cb_line_text(line, "weight_decay_rule", cb_decay_rule, NULL);
}

enum cb_status cb_results_json(struct cb_bytes *text, struct cb_search *search, struct cb_error *err)
{
    char now[32] = "";
    const time_t seconds = time(NULL);
    struct tm utc;
    if (gmtime_r(&seconds, &utc)) strftime(now, sizeof now, "%Y-%m-%dT%H:%M:%SZ", &utc);
    struct line line = cb_line_new("lr_find");
    cb_line_count(&line, "format", 1);
    cb_line_text(&line, "name", search->finder.name, NULL);
    cb_line_text(&line, "ended", now, NULL);
    cb_line_put(&line, "finder", finder_json(&search->finder));
    cb_line_text(&line, "rule", cb_curve_rules[cb_search_rule(search)], NULL);
    put_decay(&line, search);
    cb_line_count(&line, "threads", search->threads);
    cb_line_put(&line, "machine", cb_machine_json(search->threads));
    json_t *curves = json_array();
    for (size_t i = 0; i < search->done; i++)
        line.failed |= json_array_append_new(curves, curve_json(&search->curves[i], search->finder.validate)) != 0;
    cb_line_put(&line, "curves", curves);
    return cb_line_finish(text, &line, 9, err);
}

/* --- CSV ---------------------------------------------------------------------------------------------------------- */

enum cb_status cb_results_csv(struct cb_bytes *text, const struct cb_search *search, struct cb_error *err)
{
    char *data = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&data, &len);
    if (!out) return cb_fail(err, CB_NO_MEMORY, "out of memory for curve.csv");
    fputs("curve,iteration,lr,loss,smoothed_loss,validation_loss\n", out);
    for (size_t i = 0; i < search->done; i++)
        for (size_t k = 0; k < search->curves[i].curve.count; k++) {
            const struct cb_curve_point *p = &search->curves[i].curve.points[k];
            fprintf(out, "\"%s\",%zu,%.9g,%.9g,%.9g,", search->curves[i].label, k, p->lr, p->loss, p->smoothed);
            if (!isnan(p->validation)) fprintf(out, "%.9g", p->validation);
            fputc('\n', out);
        }
    const int failed = ferror(out);
    if (fclose(out) || failed) {
        free(data);
        return cb_fail(err, CB_NO_MEMORY, "out of memory for curve.csv");
    }
    *text = (struct cb_bytes){(uint8_t *)data, len};
    return CB_OK;
}

/* --- the table ---------------------------------------------------------------------------------------------------- */

static void print_number(double x, const char *none)
{
    if (isnan(x))
        printf("  %9s", none);
    else
        printf("  %9.3g", x);
}

void cb_results_print(const struct cb_search *search)
{
    int width = 5;
    for (size_t i = 0; i < search->done; i++) {
        const int len = (int)strlen(search->curves[i].label);
        if (len > width) width = len;
    }
    printf("\n%-*s  %9s  %9s  %9s  %9s  %s\n", width, "curve", "lowest", "at rate", "takes off", "stopped",
           "suggested rates");
    for (size_t i = 0; i < search->done; i++) {
        const struct cb_search_curve *c = &search->curves[i];
        const struct cb_suggestion *s = &c->suggestion;
        printf("%-*s", width, c->label);
        print_number(s->lowest_loss, "-");
        print_number(s->lowest_lr, "-");
        print_number(s->take_off_lr, "-");
        print_number(c->curve.stopped_at_lr, "-");
        if (s->verdict == CB_SUGGESTED)
            printf("  %.3g to %.3g\n", s->min, s->max);
        else
            printf("  none: %s\n", s->reason);
    }
    printf("rule: %s\n", cb_curve_rules[cb_search_rule(search)]);
    if (!cb_search_varies_decay(search)) return;
    const char *reason;
    const size_t best = cb_search_decay(search, &reason);
    if (best < search->done)
        printf("weight decay: %g\n", search->curves[best].decay);
    else
        printf("weight decay: none: %s\n", reason);
    printf("rule: %s\n", cb_decay_rule);
}
