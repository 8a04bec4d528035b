#include "text.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "plain_markdown.h"

enum { REPLACEMENT = 0xfffd, ESCAPED_WIDTH = 6 };
static const char replacement[] = "\xef\xbf\xbd";

/* The first character of len >= 1 bytes; returns the bytes that it takes. */
static size_t decode(const char *text, size_t len, uint32_t *character)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    const unsigned char *s = (const unsigned char *)text;
    size_t bytes = s[0] < 0x80 ? 1 : s[0] >> 5 == 0x6 ? 2 : s[0] >> 4 == 0xe ? 3 : s[0] >> 3 == 0x1e ? 4 : 0;
    *character = REPLACEMENT;
    if (!bytes || bytes > len) return 1;
    uint32_t value = bytes == 1 ? s[0] : s[0] & (0x7fU >> bytes);
    for (size_t i = 1; i < bytes; i++) {
        if (s[i] >> 6 != 2) return 1;
        value = value << 6 | (s[i] & 0x3f);
    }
    if (value < least[bytes] || value > 0x10ffff || value >> 11 == 0x1b) return 1; /* 0x1b: surrogates */
    *character = value;
    return bytes;
}

/* C0, DEL, C1, line separators and what turns the direction of writing. */
static bool is_control(uint32_t c)
{
    return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x200e || c == 0x200f || (c >= 0x2028 && c <= 0x202e) ||
           (c >= 0x2066 && c <= 0x2069);
}

char *cb_text_repaired(const char *text, size_t len)
{
    char *copy = cb_report_alloc(3 * len + 1);
    size_t used = 0;
    for (size_t i = 0; i < len;) {
        uint32_t character;
        size_t bytes = decode(text + i, len - i, &character);
        bool broken = character == REPLACEMENT;
        memcpy(copy + used, broken ? replacement : text + i, broken ? 3 : bytes);
        used += broken ? 3 : bytes;
        i += bytes;
    }
    copy[used] = '\0';
    return copy;
}

static size_t walk(FILE *out, const char *text)
{
    size_t width = 0;
    for (size_t len = strlen(text), bytes; len; text += bytes, len -= bytes) {
        uint32_t character;
        bytes = decode(text, len, &character);
        width += is_control(character) ? ESCAPED_WIDTH : 1;
        if (!out) continue;
        if (is_control(character))
            fprintf(out, "\\u%04x", (unsigned)character);
        else if (character == REPLACEMENT)
            fputs(replacement, out);
        else
            fwrite(text, 1, bytes, out);
    }
    return width;
}

void cb_text_print(FILE *out, const char *text, size_t width)
{
    for (size_t used = walk(out, text); used < width; used++) fputc(' ', out);
}

size_t cb_text_width(const char *text)
{
    return walk(NULL, text);
}

size_t cb_text_fit(const char *text, size_t width)
{
    size_t used = 0, fits = 0, blank = 0, sign = 0, left = strlen(text);
    while (left) {
        uint32_t character;
        size_t bytes = decode(text + fits, left, &character);
        used += is_control(character) ? ESCAPED_WIDTH : 1;
        if (used > width && fits) break;
        fits += bytes;
        left -= bytes;
        if (used < width / 2) continue;
        if (character == ' ') blank = fits;
        if (character && character < 0x80 && strchr(",/-_", (int)character)) sign = fits;
    }
    return !left ? fits : blank ? blank : sign ? sign : fits;
}

void cb_markdown_print(FILE *out, const char *text)
{
    enum { MOST = sizeof "@<!-- -->" }; /* of one character */
    char *escaped = cb_report_alloc(MOST * strlen(text) + 1), *end = escaped;
    for (const char *at = text; *at; at++) {
        if (cb_markdown_is_escaped(at, (size_t)(at - text))) *end++ = '\\';
        *end++ = *at;
        end = stpcpy(end, cb_markdown_behind(at, (size_t)(at - text)));
    }
    *end = '\0';
    cb_text_print(out, escaped, 0);
    free(escaped);
}
