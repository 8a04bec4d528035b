#include "core/status.h"
#include "core/printable.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

enum cb_status cb_fail(struct cb_error *err, enum cb_status status, const char *format, ...)
{
    if (err) {
        va_list args;
        va_start(args, format);
        vsnprintf(err->text, sizeof err->text, format, args);
        va_end(args);
        cb_make_printable(err->text);
    }
    return status;
}

/* U+2028 and U+2029 end a line; U+200E, U+200F, U+202A to U+202E and U+2066 to U+2069 turn the direction of writing, so
 * that another text is seen. */
static bool is_layout(const unsigned char *p)
{
    if (p[0] != 0xe2) return false;
    if (p[1] == 0x80) return p[2] == 0x8e || p[2] == 0x8f || (p[2] >= 0xa8 && p[2] <= 0xae);
    return p[1] == 0x81 && p[2] >= 0xa6 && p[2] <= 0xa9;
}

/* The bytes of the printable character at p, 0 if there is none. */
static size_t printable_bytes(const unsigned char *p)
{
    if (p[0] < 0x80) return p[0] >= 0x20 && p[0] != 0x7f;
    const size_t len = p[0] < 0xc2 ? 0 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : p[0] < 0xf5 ? 4 : 0;
    for (size_t i = 1; i < len; i++)
        if ((p[i] & 0xc0) != 0x80) return 0;
    if (len == 2) return p[0] > 0xc2 || p[1] >= 0xa0 ? 2 : 0; /* C1 control characters */
    if (len == 3 && is_layout(p)) return 0;
    if (len == 3 && p[0] == 0xe0) return p[1] >= 0xa0 ? 3 : 0; /* longer than need be */
    if (len == 3 && p[0] == 0xed) return p[1] < 0xa0 ? 3 : 0;  /* surrogates */
    if (len == 4 && p[0] == 0xf0) return p[1] >= 0x90 ? 4 : 0; /* longer than need be */
    if (len == 4 && p[0] == 0xf4) return p[1] < 0x90 ? 4 : 0;  /* above U+10FFFF */
    return len;
}

const char *cb_printable(char *copy, size_t bytes, const char *text)
{
    snprintf(copy, bytes, "%s", text);
    cb_make_printable(copy);
    return copy;
}

void cb_make_printable(char *text)
{
    for (size_t len; *text; text += len ? len : 1) {
        len = printable_bytes((const unsigned char *)text);
        if (!len) *text = '?';
    }
}
