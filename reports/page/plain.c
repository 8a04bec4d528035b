#include "plain.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/memory.h"
#include "../lib/text.h"

static void print_part(FILE *out, const char *text, size_t length, void (*print)(FILE *out, const char *part))
{
    char *part = cb_report_alloc(length + 1);
    memcpy(part, text, length);
    part[length] = '\0';
    print(out, part);
    free(part);
}

static void print_text(FILE *out, const char *text)
{
    cb_text_print(out, text, 0);
}

/* U+FFFE and U+FFFF, which UTF-8 can hold and XML cannot. */
static bool is_no_character(const char *text)
{
    return !strncmp(text, "\xef\xbf\xbe", 3) || !strncmp(text, "\xef\xbf\xbf", 3);
}

static void print_but(FILE *out, const char *text, const char *special)
{
    for (size_t length; *text; text += length) {
        length = 0;
        while (text[length] && !strchr(special, text[length]) && !is_no_character(text + length)) length++;
        if (length) {
            print_part(out, text, length, print_text);
        } else if (is_no_character(text)) {
            fprintf(out, "\\uff%02x", (unsigned char)text[2] + 0x40U);
            length = 3;
        } else {
            fprintf(out, "&#%d;", *text);
            length = 1;
        }
    }
}

void cb_print_characters(FILE *out, const char *text)
{
    print_but(out, text, "");
}

void cb_print_plain(FILE *out, const char *text)
{
    print_but(out, text, "&<>\"'");
}

void cb_print_lines(FILE *out, const char *text, void (*print)(FILE *out, const char *line))
{
    for (size_t length; *text; text += length + (text[length] == '\n')) {
        length = strcspn(text, "\n");
        print_part(out, text, length, print);
        fputc('\n', out);
    }
}
