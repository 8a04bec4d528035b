#ifndef CB_PLAIN_MARKDOWN_H
#define CB_PLAIN_MARKDOWN_H

#include <ctype.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* What others wrote, a character at a time, so that nothing in it is Markdown: no link or mention either, which GitHub
 * makes of "http://", "www.", "a@b.c" and "@name". `at` is the character, behind `before` others of the same text. */

/* Whether a backslash must stand before it. */
static inline bool cb_markdown_is_escaped(const char *at, size_t before)
{
    if (*at == ':') return at[1] == '/' && at[2] == '/';
    if (*at == '.') return before >= 3 && !strncasecmp(at - 3, "www", 3);
    return *at && strchr("\\`*_[]<>#|~&", *at);
}

/* What must stand behind it: addresses and mentions are found behind all escapes, but not across a comment. */
static inline const char *cb_markdown_behind(const char *at, size_t before)
{
    static const char domain[] = "-_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    if (*at != '@') return "";
    const bool in_word = before && isalnum((unsigned char)at[-1]);
    return in_word && at[1 + strspn(at + 1, domain)] != '.' ? "" : "<!-- -->";
}

#endif
