#ifndef CB_STANDARD_FILES_H
#define CB_STANDARD_FILES_H

#include <fcntl.h>
#include <unistd.h>

/* The first statement of every program: a standard descriptor that is closed leads to /dev/null, opened the wrong way
 * round so that its use still fails. Else the next file that is opened gets its number, and what is printed. */
static inline void cb_open_standard_files(void)
{
    for (int fd = 0; fd <= 2; fd++)
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY) != fd) _exit(1);
}

#endif
