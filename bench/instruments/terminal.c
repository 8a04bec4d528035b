#include "terminal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

size_t cb_terminal_columns(int fd)
{
    const char *kind = getenv("TERM");
    struct winsize size;
    if (!isatty(fd) || !kind || !*kind || !strcmp(kind, "dumb")) return 0;
    return ioctl(fd, TIOCGWINSZ, &size) || size.ws_col < 2 ? 79 : size.ws_col - 1u;
}

bool cb_terminal_colours(int fd)
{
    const char *none = getenv("NO_COLOR");
    return cb_terminal_columns(fd) && !(none && *none);
}
