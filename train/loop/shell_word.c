#include "loop/shell_word.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "core/printable.h"

static bool is_plain(const char *path)
{
    return *path && !path[strspn(path, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_./:=@%+,-")];
}

/* $'...' has escapes, and all that is not ASCII needs one: it may be no character. */
static char *put(char *end, char c, bool escaped)
{
    const unsigned char byte = (unsigned char)c;
    if (escaped && (byte < 0x20 || byte >= 0x7f)) return end + sprintf(end, "\\%03o", byte);
    if (escaped && (c == '\\' || c == '\'')) return end + sprintf(end, "\\%c", c);
    if (c == '\'') return end + sprintf(end, "'\\''");
    *end = c;
    return end + 1;
}

const char *cb_shell_word(char word[CB_SHELL_WORD_BYTES], const char *path)
{
    const size_t length = strnlen(path, PATH_MAX - 1);
    const char *const before = *path == '-' ? "./" : "";
    const bool escaped = strncmp(cb_printable(word, PATH_MAX, path), path, length);
    const char *const quote = is_plain(path) ? "" : "'";
    char *end = word + sprintf(word, "%s%s%s", escaped ? "$" : "", quote, before);
    for (size_t i = 0; i < length; i++) end = put(end, path[i], escaped);
    strcpy(end, quote);
    return word;
}
