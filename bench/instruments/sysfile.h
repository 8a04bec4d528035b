#ifndef CB_SYSFILE_H
#define CB_SYSFILE_H

#include <stdbool.h>
#include <stddef.h>

/* The first line of a small /proc or /sys file, without its newline. False (and "") if it cannot be read or is empty.
 */
bool cb_sysfile_line(char *line, size_t bytes, const char *path_format, ...) __attribute__((format(printf, 3, 4)));

/* The text after "key" and its separator (':', '=', blanks) in the first line of the file that starts with key. */
bool cb_sysfile_value(char *value, size_t bytes, const char *path, const char *key);

#endif
