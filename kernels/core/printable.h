#ifndef CB_PRINTABLE_H
#define CB_PRINTABLE_H

#include <stddef.h>

/* Replaces by '?' what a text from outside must not bring to a terminal or into JSON: control characters, those
 * that turn the direction of writing, and what is not UTF-8. cb_fail does so with every message. */
void cb_make_printable(char *text);
/* The same of a copy, cut to its bytes. Returns copy. */
const char *cb_printable(char *copy, size_t bytes, const char *text);

#endif
