#ifndef CB_PRINTABLE_H
#define CB_PRINTABLE_H

/* Replaces by '?' what a text from outside must not bring to a terminal or into JSON: control characters, and what is
 * not UTF-8. cb_fail does so with every message. */
void cb_make_printable(char *text);

#endif
