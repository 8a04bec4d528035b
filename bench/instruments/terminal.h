#ifndef CB_TERMINAL_H
#define CB_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>

/* Columns that a line may take on the terminal of fd and still be written over: one less than it is wide, 79 where it
 * does not say. Asked anew at each call, so that a resized window is seen. 0: fd is no terminal, or one that cannot go
 * back in a line (TERM is "dumb" or not set). */
size_t cb_terminal_columns(int fd);
/* Whether that terminal wants colours: not with NO_COLOR set to something (https://no-color.org). */
bool cb_terminal_colours(int fd);

#endif
