#include "finders/results.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Okabe and Ito's colours, which colour-blind people can tell apart; without their yellow, which is faint on white. */
static const char *const colours[CB_MAX_CURVES] = {"#0072b2", "#d55e00", "#009e73", "#cc79a7",
                                                   "#e69f00", "#56b4e9", "#000000", "#888888"};

enum { SKIPPED = 10 }; /* points that fastai's plot leaves out at the beginning */

/* The losses that are worth seeing: not those of the divergence, which would flatten all else. */
struct window {
    double low, high;
};

static struct window window_of(const struct cb_search *search)
{
    struct window w = {INFINITY, 0};
    for (size_t i = 0; i < search->done; i++) {
        const struct cb_curve *curve = &search->curves[i].curve;
        double low = INFINITY;
        for (size_t k = SKIPPED; k < curve->count; k++)
            if (curve->points[k].smoothed < low) low = curve->points[k].smoothed;
        double high = curve->count > SKIPPED ? curve->points[SKIPPED].smoothed : 0;
        if (high < 1.3 * low && low < INFINITY) high = 1.3 * low;
        if (low < w.low) w.low = low;
        if (high > w.high) w.high = high;
    }
    if (w.low == INFINITY) return (struct window){0, 1};
    return (struct window){w.low - 0.05 * (w.high - w.low), w.high + 0.05 * (w.high - w.low)};
}

static void write_data(FILE *out, const struct cb_search *search)
{
    for (size_t i = 0; i < search->done; i++) {
        const struct cb_curve *curve = &search->curves[i].curve;
        fprintf(out, "$curve%zu << END\n", i);
        for (size_t k = SKIPPED; k < curve->count; k++) {
            const struct cb_curve_point *p = &curve->points[k];
            fprintf(out, "%.9g %.9g %.9g\n", p->lr, p->smoothed, p->validation);
        }
        fputs("END\n", out);
    }
}

/* Where a curve leaves the window, or ends: its label stands there. */
static size_t last_seen(const struct cb_curve *curve, const struct window *w)
{
    size_t k = curve->count - 1;
    while (k > SKIPPED && curve->points[k].smoothed > w->high) k--;
    return k;
}

/* The part of a label that tells the curves apart: what follows the key's section. */
static const char *short_label(const char *label)
{
    const char *equals = strchr(label, '='), *dot = strchr(label, '.');
    return equals && dot && dot < equals ? dot + 1 : label;
}

static void write_text(FILE *out, const char *text)
{
    fputc('\'', out);
    for (; *text; text++) fputc(*text == '\'' || *text == '\\' || (unsigned char)*text < ' ' ? '_' : *text, out);
    fputc('\'', out);
}

/* Where on the axis a rate is, 0 to 1. */
static double position(const struct cb_finder *f, double lr)
{
    return f->linear ? (lr - f->from) / (f->to - f->from) : log(lr / f->from) / log(f->to / f->from);
}

/* A column of labels beside the ends of the curves: to their right where there is room, else to their left. */
static void write_labels(FILE *out, const struct cb_search *search, const struct window *w)
{
    double first = INFINITY, last = 0;
    for (size_t i = 0; i < search->done; i++) {
        const struct cb_curve *curve = &search->curves[i].curve;
        if (curve->count <= SKIPPED) continue;
        const double lr = curve->points[last_seen(curve, w)].lr;
        if (lr < first) first = lr;
        if (lr > last) last = lr;
    }
    const int right = position(&search->finder, last) < 0.85;
    if (right && search->done > 1) fputs("set rmargin 14\n", out);
    for (size_t i = 0; i < search->done && search->done > 1; i++) {
        if (search->curves[i].curve.count <= SKIPPED) continue;
        fputs("set label ", out);
        write_text(out, short_label(search->curves[i].label));
        fprintf(out, " at first %.9g, graph %.3g %s offset %s,0 front textcolor '%s'\n", right ? last : first,
                0.96 - 0.065 * (double)i, right ? "left" : "right", right ? "1" : "-1", colours[i]);
    }
}

/* A circle where each curve takes off. */
static void write_circles(FILE *out, const struct cb_search *search)
{
    for (size_t i = 0; i < search->done; i++) {
        const struct cb_search_curve *c = &search->curves[i];
        for (size_t k = SKIPPED; k < c->curve.count; k++)
            if (c->curve.points[k].lr == c->suggestion.take_off_lr)
                fprintf(out,
                        "set object circle at first %.9g, first %.9g size screen 0.006 front fillcolor '%s' fillstyle "
                        "solid\n",
                        c->curve.points[k].lr, c->curve.points[k].smoothed, colours[i]);
    }
}

static void write_script(FILE *out, const struct cb_search *search)
{
    const struct window w = window_of(search);
    /* Of several curves the dots would hide the curves. */
    const int validation = search->finder.validate && search->done == 1;
    fputs("set encoding utf8\n"
          "set terminal svg noenhanced size 720,420 font 'sans-serif,13' background '#ffffff'\n"
          "set border 3 linecolor '#888888'\n"
          "set tics nomirror\n"
          "set grid linecolor '#dddddd'\n"
          "set key off\n",
          out);
    if (!search->finder.linear) fputs("set logscale x\nset format x '%g'\n", out);
    fprintf(out,
            "set xlabel 'learning rate'\nset ylabel 'smoothed loss'\nset yrange [%.9g:%.9g]\nset xrange [*:%.9g]\n",
            w.low, w.high, search->finder.to);
    fputs("set title ", out);
    char title[512];
    snprintf(title, sizeof title, "%s: training loss over a growing rate%s; circle: takes off", search->finder.name,
             validation ? " (dots: of a batch of validation)" : "");
    write_text(out, title);
    fputs(" font ',12' textcolor '#444444'\n", out);
    write_data(out, search);
    write_labels(out, search, &w);
    write_circles(out, search);
    const char *separator = "plot ";
    for (size_t i = 0; i < search->done; i++) {
        if (search->curves[i].curve.count <= SKIPPED) continue;
        fprintf(out, "%s$curve%zu using 1:2 with lines linewidth 2 linecolor '%s'", separator, i, colours[i]);
        separator = ", ";
        if (validation)
            fprintf(out, ", $curve%zu using 1:3 with points pointtype 7 pointsize 0.25 linecolor '%s'", i, colours[i]);
    }
    fputs("\n", out);
}

enum cb_status cb_results_plot(struct cb_bytes *text, const struct cb_search *search, struct cb_error *err)
{
    char *data = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&data, &len);
    if (!out) return cb_fail(err, CB_NO_MEMORY, "out of memory for the plot");
    write_script(out, search);
    const int failed = ferror(out);
    if (fclose(out) || failed) {
        free(data);
        return cb_fail(err, CB_NO_MEMORY, "out of memory for the plot");
    }
    *text = (struct cb_bytes){(uint8_t *)data, len};
    return CB_OK;
}
