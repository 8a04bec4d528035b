#include "json_text.h"

#include <stdlib.h>
#include <string.h>

static size_t length_of_character(const unsigned char *p)
{
    size_t n = *p < 0x80 ? 1 : *p < 0xc2 ? 0 : *p < 0xe0 ? 2 : *p < 0xf0 ? 3 : *p < 0xf5 ? 4 : 0;
    for (size_t i = 1; i < n; i++)
        if ((p[i] & 0xc0) != 0x80) return 0;
    if ((*p == 0xe0 && p[1] < 0xa0) || (*p == 0xed && p[1] > 0x9f) || (*p == 0xf0 && p[1] < 0x90) ||
        (*p == 0xf4 && p[1] > 0x8f))
        return 0; /* too long a form, half of a pair, or beyond Unicode */
    return n;
}

json_t *cb_json_text(const char *text)
{
    char *copy = malloc(3 * strlen(text) + 1), *to = copy;
    if (!copy) return NULL;
    for (const unsigned char *p = (const unsigned char *)text; *p;) {
        size_t n = length_of_character(p);
        memcpy(to, n ? (const char *)p : "\xef\xbf\xbd", n ? n : 3); /* U+FFFD */
        to += n ? n : 3;
        p += n ? n : 1;
    }
    *to = '\0';
    json_t *json = json_string(copy);
    free(copy);
    return json;
}
