#include "draw.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gnuplot.h"
#include "script.h"
#include "svg.h"

enum { FAILED = 1 };

static char *draw(const struct cb_chart *chart, enum cb_width width, const char *terminal, size_t *size,
                  struct cb_report_error *err)
{
    FILE *script = tmpfile();
    char *text = NULL;
    if (script) cb_write_script(script, chart, width, terminal);
    if (!script || fflush(script) || ferror(script))
        cb_report_fail(err, FAILED, "gnuplot's script: %s", strerror(errno));
    else
        text = cb_gnuplot(script, size, err);
    if (script) fclose(script);
    return text;
}

char *cb_draw_svg(const struct cb_chart *chart, enum cb_width width, struct cb_report_error *err)
{
    size_t size;
    char *drawn = draw(chart, width, "svg", &size, err);
    if (!drawn) return NULL;
    char *svg = cb_svg_for_page(drawn, chart, width == CB_NARROW ? "-narrow" : "", err);
    free(drawn);
    return svg;
}

char *cb_draw_png(const struct cb_chart *chart, size_t *size, struct cb_report_error *err)
{
    static const char signature[] = "\x89PNG\r\n\x1a\n";
    char *png = draw(chart, CB_WIDE, "pngcairo", size, err);
    if (!png || (*size >= sizeof signature && !memcmp(png, signature, sizeof signature - 1))) return png;
    cb_report_fail(err, FAILED, "gnuplot: expected a PNG, got '%.40s'; is another gnuplot first in PATH?", png);
    free(png);
    return NULL;
}
