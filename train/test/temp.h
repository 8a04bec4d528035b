#ifndef TEST_TEMP_H
#define TEST_TEMP_H

/* A scratch folder for tests that write files; cmocka's set-up and tear-down functions, *state is the folder's path. */

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static inline int make_temp_folder(void **state)
{
    const char *base = getenv("TMPDIR");
    char path[512];
    snprintf(path, sizeof path, "%s/cyclebench-test-XXXXXX", base && *base ? base : "/tmp");
    char *folder = mkdtemp(path) ? strdup(path) : NULL;
    *state = folder;
    return folder ? 0 : -1;
}

/* Visits the files (no subfolders are expected): counts them, and removes them if asked. */
static inline int count_files(const char *folder, int remove_them)
{
    int count = 0;
    DIR *dir = opendir(folder);
    for (struct dirent *entry; dir && (entry = readdir(dir));) {
        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..")) continue;
        count++;
        if (remove_them) unlinkat(dirfd(dir), entry->d_name, 0);
    }
    if (dir) closedir(dir);
    return count;
}

static inline int remove_temp_folder(void **state)
{
    count_files(*state, 1);
    const int failed = rmdir(*state);
    free(*state);
    return failed;
}

/* "<folder>/<name>" in a static buffer, good until the next call. */
static inline const char *in_folder(void **state, const char *name)
{
    static char path[1024];
    snprintf(path, sizeof path, "%s/%s", (const char *)*state, name);
    return path;
}

/* Writes a file in place, quickly: damaged ones need no fsync. */
static inline int put_file(const char *path, const void *data, size_t len)
{
    FILE *file = fopen(path, "wb");
    if (!file) return -1;
    const size_t written = fwrite(data, 1, len, file);
    return fclose(file) || written != len ? -1 : 0;
}

#endif
