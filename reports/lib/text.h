#ifndef CB_REPORT_TEXT_H
#define CB_REPORT_TEXT_H

#include <stddef.h>
#include <stdio.h>

/* Text that others wrote: names of files, strings of a record. */

/* A copy in which U+FFFD stands for every byte that is not UTF-8; malloc'ed. */
char *cb_text_repaired(const char *text, size_t len);
/* Prints text so that it cannot drive a terminal: control characters as \u001b, bytes that are not UTF-8 as U+FFFD;
 * then blanks up to width characters. */
void cb_text_print(FILE *out, const char *text, size_t width);
/* The same of text in which nothing is Markdown: what others wrote makes no link, mention, image, HTML or further
 * cell. */
void cb_markdown_print(FILE *out, const char *text);
/* Characters that cb_text_print prints, blanks aside. */
size_t cb_text_width(const char *text);
/* Bytes of text that fit into width characters, at least one character; if that is not all, they end behind the last
 * blank of their second half, or else behind the last comma, slash, hyphen or underscore there. */
size_t cb_text_fit(const char *text, size_t width);

#endif
