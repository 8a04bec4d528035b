#include <stdlib.h>
#include <stdbool.h>
#include <string.h>

#include "../lib/memory.h"
#include "../lib/text.h"
#include "plain.h"
#include "render.h"

static void print_member(FILE *out, const json_t *object, const char *key)
{
    cb_markdown_print(out, json_string_value(json_object_get(object, key)));
}

static void print_table(FILE *out, const json_t *table)
{
    const json_t *columns = json_object_get(table, "columns");
    json_t *column, *row, *cell;
    size_t i, j;
    print_member(out, table, "caption");
    fputs("\n\n|", out);
    json_array_foreach((json_t *)columns, i, column)
    {
        fputc(' ', out);
        print_member(out, column, "name");
        fputs(" |", out);
    }
    fputs("\n|", out);
    json_array_foreach((json_t *)columns, i, column)
        fputs(json_is_true(json_object_get(column, "of_numbers")) ? "---:|" : "---|", out);
    fputc('\n', out);
    json_array_foreach(json_object_get(table, "rows"), i, row)
    {
        fputc('|', out);
        json_array_foreach(row, j, cell)
        {
            const char *around = json_object_get(cell, "marked") ? "**" : "";
            fprintf(out, " %s", around);
            print_member(out, cell, "text");
            fprintf(out, "%s |", around);
        }
        fputc('\n', out);
    }
    fputc('\n', out);
}

/* A fence that is longer than any row of back quotes in the text. */
static void print_code(FILE *out, const char *text)
{
    size_t longest = 2, length;
    for (const char *at = text; *at; at += length ? length : 1)
        if ((length = strspn(at, "`")) > longest) longest = length;
    char *fence = cb_report_alloc(longest + 2);
    memset(fence, '`', longest + 1);
    fence[longest + 1] = '\0';
    fprintf(out, "%s\n", fence);
    cb_print_lines(out, text, cb_print_characters);
    fprintf(out, "%s\n\n", fence);
    free(fence);
}

/* Without pictures a section or a fold may have nothing to show. */
static bool is_empty(const json_t *nodes, const char *pictures)
{
    json_t *node;
    size_t i;
    json_array_foreach((json_t *)nodes, i, node)
    {
        const char *type = json_string_value(json_object_get(node, "type"));
        const bool shows = !strcmp(type, "picture") ? pictures != NULL
                           : !strcmp(type, "fold")  ? !is_empty(json_object_get(node, "nodes"), pictures)
                                                    : true;
        if (shows) return false;
    }
    return true;
}

static void print_nodes(FILE *out, const json_t *nodes, const char *pictures);

static void print_node(FILE *out, const json_t *node, const char *pictures)
{
    const char *type = json_string_value(json_object_get(node, "type"));
    if (!strcmp(type, "table"))
        print_table(out, node);
    else if (!strcmp(type, "code"))
        print_code(out, json_string_value(json_object_get(node, "text")));
    else if (!strcmp(type, "fold")) {
        if (is_empty(json_object_get(node, "nodes"), pictures)) return;
        /* A line that begins with a tag is HTML, in which a backslash escapes nothing. */
        fputs("<details><summary>", out);
        cb_print_plain(out, json_string_value(json_object_get(node, "title")));
        fputs("</summary>\n\n", out);
        print_nodes(out, json_object_get(node, "nodes"), pictures);
        fputs("</details>\n\n", out);
    } else if (!strcmp(type, "picture")) {
        if (!pictures) return;
        fputs("![", out);
        print_member(out, node, "title");
        fprintf(out, "](%s/%s.svg)\n\n", pictures, json_string_value(json_object_get(node, "name")));
        print_member(out, node, "caption");
        fputs("\n\n", out);
    } else {
        fputs(!strcmp(type, "note") ? "> " : "", out);
        print_member(out, node, "text");
        fputs("\n\n", out);
    }
}

static void print_nodes(FILE *out, const json_t *nodes, const char *pictures)
{
    json_t *node;
    size_t i;
    json_array_foreach((json_t *)nodes, i, node) print_node(out, node, pictures);
}

void cb_document_markdown(FILE *out, const json_t *document, const char *pictures)
{
    json_t *section;
    size_t i;
    fputs("# ", out);
    print_member(out, document, "title");
    fputs("\n\n", out);
    json_array_foreach(json_object_get(document, "sections"), i, section)
    {
        if (is_empty(json_object_get(section, "nodes"), pictures)) continue;
        fputs("## ", out);
        print_member(out, section, "title");
        fputs("\n\n", out);
        print_nodes(out, json_object_get(section, "nodes"), pictures);
    }
}
