#include <string.h>
#include <time.h>

#include "../picture/svg.h"
#include "plain.h"
#include "render.h"

enum { LONG = 24 /* bytes; longer texts get room, so that a narrow page has no tall rows */ };

/* page/style.css and page/script.js, as they are. */
extern const char cb_page_style[], cb_page_script[];

static void print_member(FILE *out, const json_t *object, const char *key)
{
    cb_print_plain(out, json_string_value(json_object_get(object, key)));
}

static void print_cell(FILE *out, const json_t *cell, const json_t *column)
{
    const json_t *value = json_object_get(cell, "value"), *missing = json_object_get(cell, "missing");
    fputs("<td", out);
    if (json_is_true(json_object_get(column, "of_numbers")))
        fputs(" class=\"n\"", out);
    else if (json_string_length(json_object_get(cell, "text")) > LONG)
        fputs(" class=\"long\"", out);
    if (value) fprintf(out, " data-value=\"%.9g\"", json_number_value(value));
    if (missing) {
        fputs(" title=\"", out);
        print_member(out, cell, "missing");
        fputc('"', out);
    }
    fputc('>', out);
    if (json_object_get(cell, "marked")) fputs("<strong>", out);
    print_member(out, cell, "text");
    if (json_object_get(cell, "marked")) fputs("</strong>", out);
    fputs("</td>", out);
}

static void print_table(FILE *out, const json_t *table)
{
    const json_t *columns = json_object_get(table, "columns");
    json_t *column, *row, *cell;
    size_t i, j;
    fputs("<div class=\"wide\"><table><caption>", out);
    print_member(out, table, "caption");
    fputs("</caption>\n<thead><tr>", out);
    json_array_foreach((json_t *)columns, i, column)
    {
        fputs(json_is_true(json_object_get(column, "of_numbers")) ? "<th class=\"n\">" : "<th>", out);
        print_member(out, column, "name");
        fputs("</th>", out);
    }
    fputs("</tr></thead>\n<tbody>\n", out);
    json_array_foreach(json_object_get(table, "rows"), i, row)
    {
        fputs("<tr>", out);
        json_array_foreach(row, j, cell) print_cell(out, cell, json_array_get(columns, j));
        fputs("</tr>\n", out);
    }
    fputs("</tbody></table></div>\n", out);
}

static void print_picture(FILE *out, const json_t *picture)
{
    static const char *const widths[] = {"wide", "narrow"};
    fputs("<figure>\n", out);
    for (size_t i = 0; i < 2; i++) {
        fprintf(out, "<div class=\"picture-%s\">", widths[i]);
        fputs(json_string_value(json_object_get(picture, widths[i])), out);
        fputs("</div>\n", out);
    }
    fputs("<figcaption>", out);
    print_member(out, picture, "caption");
    fputs("</figcaption>\n</figure>\n", out);
}

static void print_nodes(FILE *out, const json_t *nodes);

static void print_node(FILE *out, const json_t *node)
{
    const char *type = json_string_value(json_object_get(node, "type"));
    if (!strcmp(type, "table"))
        print_table(out, node);
    else if (!strcmp(type, "picture"))
        print_picture(out, node);
    else if (!strcmp(type, "fold")) {
        fputs("<details><summary>", out);
        print_member(out, node, "title");
        fputs("</summary>\n", out);
        print_nodes(out, json_object_get(node, "nodes"));
        fputs("</details>\n", out);
    } else if (!strcmp(type, "code")) {
        fputs("<pre><code>", out);
        cb_print_lines(out, json_string_value(json_object_get(node, "text")), cb_print_plain);
        fputs("</code></pre>\n", out);
    } else {
        fputs(!strcmp(type, "note") ? "<p class=\"note\">" : "<p>", out);
        print_member(out, node, "text");
        fputs("</p>\n", out);
    }
}

static void print_nodes(FILE *out, const json_t *nodes)
{
    json_t *node;
    size_t i;
    json_array_foreach((json_t *)nodes, i, node) print_node(out, node);
}

static void print_head(FILE *out, const json_t *document, int refresh_seconds)
{
    fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
          "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
          "<meta name=\"color-scheme\" content=\"light dark\">\n"
          "<link rel=\"icon\" href=\"data:,\">\n<title>",
          out);
    print_member(out, document, "title");
    fputs("</title>\n", out);
    if (refresh_seconds) fprintf(out, "<meta http-equiv=\"refresh\" content=\"%d\">\n", refresh_seconds);
    fprintf(out, "<style>\n%s", cb_page_style);
    cb_svg_print_style(out);
    fputs("</style>\n</head>\n<body>\n", out);
}

/* It cannot know whether the program still runs. */
static void print_time(FILE *out, int refresh_seconds)
{
    char text[64];
    const time_t now = time(NULL);
    struct tm utc;
    if (!gmtime_r(&now, &utc) || !strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S UTC", &utc)) return;
    fprintf(
        out,
        "<p class=\"written\">Written %s, and again every %d s while <code>cyclebench report --watch</code> runs: if "
        "that is long ago, it has ended.</p>\n",
        text, refresh_seconds);
}

void cb_document_html(FILE *out, const json_t *document, int refresh_seconds)
{
    const json_t *sections = json_object_get(document, "sections");
    json_t *section;
    size_t i;
    print_head(out, document, refresh_seconds);
    fputs("<header><h1>", out);
    print_member(out, document, "title");
    fputs("</h1>\n", out);
    if (refresh_seconds) print_time(out, refresh_seconds);
    fputs("<nav>\n", out);
    json_array_foreach((json_t *)sections, i, section)
    {
        fputs("<a href=\"#", out);
        print_member(out, section, "id");
        fputs("\">", out);
        print_member(out, section, "title");
        fputs("</a>\n", out);
    }
    fputs("</nav></header>\n<main>\n", out);
    json_array_foreach((json_t *)sections, i, section)
    {
        fputs("<section id=\"", out);
        print_member(out, section, "id");
        fputs("\">\n<h2>", out);
        print_member(out, section, "title");
        fputs("</h2>\n", out);
        print_nodes(out, json_object_get(section, "nodes"));
        fputs("</section>\n", out);
    }
    fprintf(out, "</main>\n<script>\n%s</script>\n</body>\n</html>\n", cb_page_script);
}
