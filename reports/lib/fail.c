#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "run.h"

static bool is_inside_character(char c)
{
    return ((unsigned char)c & 0xc0) == 0x80;
}

/* Paths stand at the front and reasons at the end, so what is too long loses its middle. */
static void shorten(char *to, size_t bytes, const char *text, size_t length)
{
    static const char gap[] = "[...]";
    size_t head = bytes / 4, tail = length - (bytes - head - sizeof gap);
    while (head && is_inside_character(text[head])) head--;
    while (is_inside_character(text[tail])) tail++;
    snprintf(to, bytes, "%.*s%s%s", (int)head, text, gap, text + tail);
}

bool cb_report_fail(struct cb_report_error *err, int exit_status, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    const int length = vsnprintf(err->text, sizeof err->text, format, args);
    va_end(args);
    if (length >= (int)sizeof err->text) {
        char *whole = cb_report_alloc((size_t)length + 1);
        vsnprintf(whole, (size_t)length + 1, format, again);
        shorten(err->text, sizeof err->text, whole, (size_t)length);
        free(whole);
    }
    va_end(again);
    err->exit_status = exit_status;
    return false;
}
