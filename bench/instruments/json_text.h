#ifndef CB_JSON_TEXT_H
#define CB_JSON_TEXT_H

#include <jansson.h>

/* A string of bytes that come from outside: what is not UTF-8 becomes U+FFFD. NULL without memory. */
json_t *cb_json_text(const char *text);

#endif
