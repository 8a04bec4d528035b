#include "svg.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/memory.h"
#include "../page/plain.h"
#include "palette.h"

void cb_svg_print_style(FILE *out)
{
    static const char *const properties[] = {"stroke", "fill", "color"};
    fputs("@media (prefers-color-scheme: dark) {", out);
    for (size_t i = 0; i < CB_PALETTE_SIZE; i++) {
        unsigned red, green, blue;
        sscanf(cb_palette[i].light, "#%2x%2x%2x", &red, &green, &blue);
        for (size_t p = 0; p < 3; p++)
            fprintf(out, "svg [%s=\"rgb(%u,%u,%u)\"]{%s:%s}", properties[p], red, green, blue, properties[p],
                    cb_palette[i].dark);
    }
    fputs("}\n", out);
}

static bool has_point(const struct cb_series *series)
{
    for (size_t k = 0; k < series->count; k++)
        if (isfinite(series->points[k].x) && isfinite(series->points[k].y)) return true;
    return false;
}

/* The plot's series: gnuplot numbers the plots from 1. */
static const struct cb_series *series_of(const struct cb_chart *chart, unsigned long plot)
{
    for (size_t i = 0; i < chart->series_count; i++)
        if (has_point(&chart->series[i]) && !--plot) return &chart->series[i];
    return NULL;
}

static bool starts(const char *text, const char *with)
{
    return !strncmp(text, with, strlen(with));
}

/* Skips `<g id="gnuplot_plot_N" ><title>...</title>` and prints its own. */
static const char *plot_start(FILE *out, const char *at, const struct cb_chart *chart, unsigned long plot)
{
    const struct cb_series *series = series_of(chart, plot);
    const char *end = strstr(at, "</title>");
    if (!series || !end) return NULL;
    fputs("<g data-series=\"", out);
    cb_print_plain(out, series->label);
    fputs("\"><title>", out);
    cb_print_plain(out, series->label);
    return end;
}

/* rgb( 34,  34,  34) without its blanks, so that an attribute selector finds it. */
static const char *colour(FILE *out, const char *at)
{
    for (; *at && *at != ')'; at++)
        if (*at != ' ') fputc(*at, out);
    return at;
}

/* A tag, up to its end: with colours and references as they are in a page. */
static const char *tag(FILE *out, const char *at, const struct cb_chart *chart, const char *suffix)
{
    static const char *const references[] = {"id='", "id=\"", "href='#", "href=\"#", "url(#"};
    while (*at && *at != '>') {
        if (starts(at, "rgb(")) {
            at = colour(out, at);
            continue;
        }
        bool found = false;
        for (size_t i = 0; i < sizeof references / sizeof *references && !found; i++) {
            if (!starts(at, references[i])) continue;
            fprintf(out, "%s%s%s-", references[i], chart->name, suffix);
            at += strlen(references[i]);
            found = true;
        }
        if (!found) fputc(*at++, out);
    }
    return at;
}

/* What stands between two tags: a text, or what only parts them. */
static const char *between(FILE *out, const char *at)
{
    const size_t length = strcspn(at, "<");
    if (strspn(at, " \t\n") >= length) {
        fwrite(at, 1, length, out);
        return at + length;
    }
    char *text = cb_report_alloc(length + 1);
    memcpy(text, at, length);
    text[length] = '\0';
    cb_print_characters(out, text);
    free(text);
    return at + length;
}

static void print_body(FILE *out, const char *at, const struct cb_chart *chart, const char *suffix)
{
    static const char plot[] = "<g id=\"gnuplot_plot_";
    while (*at) {
        const char *own = starts(at, plot) ? plot_start(out, at, chart, strtoul(at + sizeof plot - 1, NULL, 10)) : NULL;
        at = own ? own : tag(out, at, chart, suffix);
        if (*at == '>') fputc(*at++, out);
        at = between(out, at);
    }
}

/* What is no SVG, by its first characters. NULL. */
static char *no_svg(const char *text, struct cb_report_error *err)
{
    cb_report_fail(err, 1, "gnuplot: expected an SVG with a title, got '%.40s'; is another gnuplot first in PATH?",
                   text);
    return NULL;
}

static FILE *open_text(char **text, size_t *size)
{
    FILE *out = open_memstream(text, size);
    if (out) return out;
    fputs("cyclebench: out of memory\n", stderr);
    exit(EXIT_FAILURE);
}

char *cb_svg_for_page(const char *svg, const struct cb_chart *chart, const char *suffix, struct cb_report_error *err)
{
    char *page = NULL;
    size_t size = 0;
    const char *start = strstr(svg, "<svg"), *title = start ? strstr(start, "<title>") : NULL,
               *rest = title ? strstr(title, "</title>") : NULL;
    if (!rest) return no_svg(svg, err);
    FILE *out = open_text(&page, &size);
    fprintf(out, "<svg role=\"img\"%.*s<title>", (int)(title - start - 4), start + 4);
    cb_print_plain(out, chart->title);
    fputs("</title>\n", out);
    print_body(out, rest + sizeof "</title>" - 1, chart, suffix);
    fclose(out);
    return page;
}

char *cb_svg_alone(const char *svg, struct cb_report_error *err)
{
    char *alone = NULL;
    size_t size = 0;
    const char *rest = strchr(svg, '>');
    if (!rest) return no_svg(svg, err);
    FILE *out = open_text(&alone, &size);
    fprintf(out, "%.*s><style>", (int)(rest - svg), svg);
    cb_svg_print_style(out);
    fprintf(out, "</style>%s", rest + 1);
    fclose(out);
    return alone;
}
