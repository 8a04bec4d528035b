#ifndef CB_PAGE_PLAIN_H
#define CB_PAGE_PLAIN_H

#include <stdio.h>

/* Text as HTML, XML and SVG can hold it: control characters, and what XML does not allow, as \u001b. */
void cb_print_characters(FILE *out, const char *text);
/* The same of text in which nothing is markup. */
void cb_print_plain(FILE *out, const char *text);
/* Each line of the text by that function. */
void cb_print_lines(FILE *out, const char *text, void (*print)(FILE *out, const char *line));

#endif
