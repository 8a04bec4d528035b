#include "script.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/memory.h"
#include "palette.h"
#include "range.h"

struct shape {
    unsigned width, height, font;
    bool named_at_points;   /* series; else in a key below */
    bool names_beside_rows; /* else above them */
};

static struct shape shape_of(const struct cb_chart *chart, enum cb_width width)
{
    const unsigned rows = (unsigned)chart->rows;
    /* A key below has two columns, or one. */
    unsigned named = 0;
    for (size_t i = 0; i < chart->series_count; i++) named += chart->series[i].named;
    if (width == CB_WIDE && !rows) return (struct shape){960, 460, 14, true, true};
    if (width == CB_WIDE) return (struct shape){960, 170 + 24 * rows + 20 * ((named + 1) / 2), 14, false, true};
    return (struct shape){400, (rows ? 150 + 36 * rows : 300) + 17 * named, 12, false, false};
}

/* A string of gnuplot. In double quotes a backslash escapes, and ` would run a command; a newline would end it. */
static void write_text(FILE *out, const char *text)
{
    fputc('"', out);
    for (; *text; text++) {
        if ((unsigned char)*text < ' ' || *text == 0x7f)
            fprintf(out, "\\\\u%04x", (unsigned)*text);
        else if (strchr("\\\"`", *text))
            fprintf(out, "\\%03o", (unsigned)*text);
        else
            fputc(*text, out);
    }
    fputc('"', out);
}

/* A text without what does not fit. */
static void write_shortened(FILE *out, const char *text, size_t most)
{
    size_t bytes = 0, characters = 0;
    for (; text[bytes]; bytes++) {
        if ((text[bytes] & 0xc0) != 0x80 && characters++ == most) break;
    }
    char *part = cb_report_alloc(bytes + sizeof "\xe2\x80\xa6");
    memcpy(part, text, bytes);
    strcpy(part + bytes, text[bytes] ? "\xe2\x80\xa6" : "");
    write_text(out, part);
    free(part);
}

static void write_data(FILE *out, const struct cb_chart *chart)
{
    for (size_t i = 0; i < chart->series_count; i++) {
        const struct cb_series *series = &chart->series[i];
        fprintf(out, "$data%zu << END\n", i);
        for (size_t k = 0; k < series->count; k++) {
            const struct cb_point_xy *p = &series->points[k];
            if (isfinite(p->x) && isfinite(p->y))
                fprintf(out, "%.6g %.6g %.6g %.6g\n", p->x, p->y, p->low, p->high);
            else
                fputc('\n', out);
        }
        fputs("END\n", out);
    }
}

static void write_axis(FILE *out, const struct cb_axis *axis, char name)
{
    fprintf(out, "set %clabel ", name);
    write_text(out, axis->label);
    fprintf(out, " textcolor '%s'\n", cb_palette[CB_PALETTE_TEXT].light);
    if (axis->logarithmic) fprintf(out, "set logscale %c\n", name);
    fprintf(out, "set format %c '%%g'\n", name);
}

static void write_x(FILE *out, const struct cb_axis *axis)
{
    write_axis(out, axis, 'x');
    fputs("set xrange [", out);
    isfinite(axis->low) ? fprintf(out, "%.6g:", axis->low) : fputs("*:", out);
    isfinite(axis->high) ? fprintf(out, "%.6g]\n", axis->high) : fputs("*]\n", out);
}

/* Names of rows: beside the axis, or above each row where there is no room beside it. */
static void write_rows(FILE *out, const struct cb_axis *axis, bool beside)
{
    fprintf(out, "set yrange [%zu.5:%s]\nset ytics (", axis->name_count, beside ? "0.5" : "0.2");
    for (size_t i = 0; i < axis->name_count; i++) {
        fputs(i ? ", " : "", out);
        write_shortened(out, beside ? axis->names[i] : "", 60);
        fprintf(out, " %zu", i + 1);
    }
    fputs(")\n", out);
    for (size_t i = 0; i < axis->name_count && !beside; i++) {
        fputs("set label ", out);
        write_shortened(out, axis->names[i], 54);
        fprintf(out, " at graph 0.01, first %.2f left front textcolor '%s'\n", (double)i + 0.58,
                cb_palette[CB_PALETTE_TEXT].light);
    }
}

static void write_y(FILE *out, const struct cb_chart *chart, const struct shape *shape)
{
    write_axis(out, &chart->y, 'y');
    if (chart->rows) {
        write_rows(out, &chart->y, shape->names_beside_rows);
        return;
    }
    const struct cb_range range = cb_y_range(chart);
    fprintf(out, "set yrange [%.6g:%.6g]\n", range.low, range.high);
}

/* --- names of series ---------------------------------------------------------------------------------------------- */

static const struct cb_point_xy *last_point(const struct cb_series *series)
{
    for (size_t k = series->count; k--;)
        if (isfinite(series->points[k].x) && isfinite(series->points[k].y)) return &series->points[k];
    return NULL;
}

/* Moves places, from the highest to the lowest, apart by a step: down first, then up from the bottom. */
static void spread(double *places, size_t count, double step)
{
    for (size_t i = 0; i < count; i++) places[i] = fmin(places[i], i ? places[i - 1] - step : 0.98);
    for (size_t i = count; i--;) places[i] = fmax(places[i], i + 1 < count ? places[i + 1] + step : 0.02);
}

/* Beside the right border, as high as the last points, but so that no two overlap. */
static void write_names(FILE *out, const struct cb_chart *chart, const struct shape *shape)
{
    const struct cb_series **named = cb_report_alloc((chart->series_count + 1) * sizeof *named);
    double *places = cb_report_alloc((chart->series_count + 1) * sizeof *places);
    const struct cb_range range = cb_y_range(chart);
    size_t count = 0, longest = 0;
    for (size_t i = 0; i < chart->series_count; i++)
        if (chart->series[i].named && last_point(&chart->series[i])) named[count++] = &chart->series[i];
    for (size_t i = 1; i < count; i++)
        for (size_t k = i; k && last_point(named[k])->y > last_point(named[k - 1])->y; k--) {
            const struct cb_series *kept = named[k];
            named[k] = named[k - 1];
            named[k - 1] = kept;
        }
    for (size_t i = 0; i < count; i++) {
        places[i] = cb_share_of_range(&range, last_point(named[i])->y);
        if (strlen(named[i]->label) > longest) longest = strlen(named[i]->label);
    }
    if (longest > 34) longest = 34;
    if (count) fprintf(out, "set rmargin %zu\n", longest + 2);
    spread(places, count, 1.35 * shape->font / (shape->height - 90.0));
    for (size_t i = 0; i < count; i++) {
        fputs("set label ", out);
        write_shortened(out, named[i]->label, 34);
        fprintf(out, " at graph 1.015, graph %.4f left front textcolor '%s'\n", places[i], cb_colour(named[i]->colour));
    }
    free(places);
    free(named);
}

/* --- remarks, plots ----------------------------------------------------------------------------------------------- */

static void write_remarks(FILE *out, const struct cb_chart *chart)
{
    for (size_t i = 0; i < chart->remark_count; i++) {
        const struct cb_remark *r = &chart->remarks[i];
        if (r->is_level)
            fprintf(out, "set arrow from graph 0, first %.6g to graph 1, first %.6g nohead dashtype 2 linecolor '%s'\n",
                    r->y, r->y, cb_colour(r->colour));
        fputs("set label ", out);
        write_text(out, r->text);
        if (r->is_level)
            fprintf(out, " at graph 0.01, first %.6g offset 0,0.6", r->y);
        else
            fprintf(out, " at first %.6g, first %.6g center offset 0,1", r->x, r->y);
        fprintf(out, " front textcolor '%s'\n", cb_colour(r->colour));
    }
}

static void write_plots(FILE *out, const struct cb_chart *chart, const struct shape *shape)
{
    static const char *const marks[] = {
        [CB_BOLD] = "using 1:2 with lines linewidth 2.5",
        [CB_THIN] = "using 1:2 with lines linewidth 0.7",
        [CB_DOTTED] = "using 1:2 with lines linewidth 1.3 dashtype 3",
        [CB_DOTS] = "using 1:2 with points pointtype 7 pointsize 0.45",
        [CB_RINGS] = "using 1:2 with points pointtype 6 pointsize 1.1 linewidth 2",
        [CB_INTERVAL] = "using 1:2:3:4 with xerrorbars pointtype 7 pointsize 0.6 linewidth 1.5",
        [CB_BAR] = "using 3:2:3:4:($2-half_bar):($2+half_bar) with boxxyerror fillstyle solid noborder",
    };
    const char *separator = "plot ";
    fprintf(out, "half_bar = %s\n", shape->names_beside_rows ? "0.36" : "0.22");
    for (size_t i = 0; i < chart->series_count; i++) {
        const struct cb_series *series = &chart->series[i];
        if (!last_point(series)) continue;
        /* A line needs two points. */
        const enum cb_mark mark = series->count == 1 && series->mark <= CB_DOTTED ? CB_DOTS : series->mark;
        fprintf(out, "%s$data%zu %s linecolor '%s' ", separator, i, marks[mark], cb_colour(series->colour));
        if (series->named && !shape->named_at_points) {
            fputs("title ", out);
            write_shortened(out, series->label, 34);
        } else {
            fputs("notitle", out);
        }
        separator = ", ";
    }
    fputc('\n', out);
}

void cb_write_script(FILE *out, const struct cb_chart *chart, enum cb_width width, const char *terminal)
{
    const struct shape shape = shape_of(chart, width);
    const char *muted = cb_palette[CB_PALETTE_MUTED].light;
    const bool png = !strcmp(terminal, "pngcairo");
    fprintf(out, "set encoding utf8\nset terminal %s noenhanced size %u,%u font 'sans-serif,%u' %s\n", terminal,
            shape.width, shape.height, shape.font, png ? "background '#ffffff'" : "");
    fprintf(out,
            "set border 3 linecolor '%s'\nset tics nomirror textcolor '%s'\nset grid linecolor '%s' linetype 1\n"
            "set style fill solid noborder\nset bars 0.5\nset tmargin 3\nset label ",
            muted, cb_palette[CB_PALETTE_TEXT].light, cb_palette[CB_PALETTE_GRID].light);
    /* At the left border of the picture: above the axes it would be cut off where names take much room. */
    write_shortened(out, chart->title, width == CB_WIDE ? 110 : 54);
    fprintf(out, " at character 1, screen 1 offset 0,-1 left textcolor '%s'\n", cb_palette[CB_PALETTE_TEXT].light);
    if (shape.named_at_points)
        fputs("set key off\n", out);
    else
        fprintf(out, "set key below left Left reverse maxcols %d height 1 noenhanced textcolor '%s'\n",
                width == CB_WIDE ? 2 : 1, cb_palette[CB_PALETTE_TEXT].light);
    write_x(out, &chart->x);
    write_y(out, chart, &shape);
    if (shape.named_at_points) write_names(out, chart, &shape);
    write_remarks(out, chart);
    write_data(out, chart);
    write_plots(out, chart, &shape);
}
