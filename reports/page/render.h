#ifndef CB_PAGE_RENDER_H
#define CB_PAGE_RENDER_H

#include <jansson.h>
#include <stdio.h>

/* Write a document (document.h). */

/* One HTML file that needs no other; refresh_seconds: 0, or how often it is written, and read again by the browser. */
void cb_document_html(FILE *out, const json_t *document, int refresh_seconds);
/* Markdown as GitHub reads it. pictures: the folder in which each is <name>.svg, or NULL: they are left out. */
void cb_document_markdown(FILE *out, const json_t *document, const char *pictures);

#endif
