#ifndef CB_SHELL_WORD_H
#define CB_SHELL_WORD_H

#include <limits.h>

enum { CB_SHELL_WORD_BYTES = 4 * PATH_MAX + 8 };

/* A path as one word of a command that is printed to be pasted into bash: quoted where need be, and never an option.
 * What cannot be printed is escaped. Longer paths than PATH_MAX are cut off. Returns word. */
const char *cb_shell_word(char word[CB_SHELL_WORD_BYTES], const char *path);

#endif
