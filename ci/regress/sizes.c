#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "regress.h"

static double size_of(const char *folder, const char *name)
{
    char path[4096];
    struct stat about;
    snprintf(path, sizeof path, "%.3800s/%.255s", folder, name);
    return stat(path, &about) || !S_ISREG(about.st_mode) ? NAN : (double)about.st_size;
}

static int is_program(const struct dirent *entry)
{
    const bool named = !strncmp(entry->d_name, "cyclebench", 10) && !strchr(entry->d_name, '.'); /* no object */
    return named || !strcmp(entry->d_name, "libkernels.a");
}

void rg_compare_sizes(struct rg_result *result, const char *base, const char *head)
{
    struct dirent **entries;
    int n = scandir(base, &entries, is_program, alphasort);
    for (int i = 0; i < n; i++) {
        struct rg_case c = {.kind = RG_SIZE,
                            .name = entries[i]->d_name,
                            .source = "size",
                            .base = size_of(base, entries[i]->d_name),
                            .head = size_of(head, entries[i]->d_name),
                            .limit_percent = rg_soft_limit_percent};
        if (isnan(c.head)) c.reason = "HEAD has no such file";
        if (!isnan(c.base)) rg_add(result, &c);
        free(entries[i]);
    }
    if (n >= 0) free(entries);
}
