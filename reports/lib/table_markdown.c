/* A table as Markdown, as GitHub reads it. */
#include <string.h>

#include "table.h"
#include "text.h"

static void print_row(FILE *out, const json_t *line)
{
    size_t i;
    json_t *cell;
    fputc('|', out);
    json_array_foreach((json_t *)line, i, cell)
    {
        const char *text = json_string_value(cell);
        bool part = i == 0 && *text == ' '; /* of the row above */
        fputs(part ? " \xe2\x80\x83" : " ", out);
        cb_markdown_print(out, text + strspn(text, " "));
        fputs(" |", out);
    }
    fputc('\n', out);
}

static void print_item(FILE *out, const char *start, const char *text)
{
    if (!strncmp(text, "- ", 2)) text += 2;
    fputs(start, out);
    cb_markdown_print(out, text);
    fputc('\n', out);
}

void cb_table_print_markdown(FILE *out, const json_t *table)
{
    const json_t *grid = json_object_get(table, "grid"), *summary = json_object_get(table, "summary"),
                 *equal = json_object_get(table, "equal");
    json_t *item;
    size_t i;
    print_item(out, "", json_string_value(json_object_get(table, "title")));
    fputc('\n', out);
    json_array_foreach((json_t *)grid, i, item)
    {
        print_row(out, item);
        for (size_t c = 0; i == 0 && c < json_array_size(item); c++) fputs(c ? "---|" : "|---|", out);
        if (i == 0) fputc('\n', out);
    }
    fputc('\n', out);
    json_array_foreach((json_t *)equal, i, item)
    {
        fputs(i ? "; " : "- equal in all: ", out);
        cb_markdown_print(out, json_string_value(item));
    }
    if (json_array_size(equal)) fputc('\n', out);
    json_array_foreach(json_object_get(table, "footnotes"), i, item) print_item(out, "- ", json_string_value(item));
    json_array_foreach(json_object_get(table, "notes"), i, item) print_item(out, "- ", json_string_value(item));
    if (!json_is_string(summary)) return;
    fputc('\n', out);
    print_item(out, "", json_string_value(summary));
}
