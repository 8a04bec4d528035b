#include "sysfile.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool cb_sysfile_line(char *line, size_t bytes, const char *path_format, ...)
{
    char path[4096];
    va_list args;
    va_start(args, path_format);
    int length = vsnprintf(path, sizeof path, path_format, args);
    va_end(args);
    line[0] = '\0';
    if (length < 0 || (size_t)length >= sizeof path) return false;
    FILE *file = fopen(path, "re");
    if (!file) return false;
    if (!fgets(line, (int)bytes, file)) line[0] = '\0';
    fclose(file);
    line[strcspn(line, "\n")] = '\0';
    return line[0] != '\0';
}

bool cb_sysfile_value(char *value, size_t bytes, const char *path, const char *key)
{
    value[0] = '\0';
    FILE *file = fopen(path, "re");
    if (!file) return false;
    char line[4096];
    size_t key_length = strlen(key);
    bool found = false;
    while (!found && fgets(line, sizeof line, file)) {
        if (strncmp(line, key, key_length)) continue;
        const char *text = line + key_length;
        size_t separator = strspn(text, " \t:=\"");
        if (!separator) continue; /* a longer key that begins with this one */
        text += separator;
        snprintf(value, bytes, "%.*s", (int)strcspn(text, "\"\n"), text);
        found = value[0] != '\0';
    }
    fclose(file);
    return found;
}
