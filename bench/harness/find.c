#include "find.h"

#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool try(char path[PATH_MAX], const char *home, const char *up, const char *rest, bool (*fits)(const char *path))
{
    return (size_t)snprintf(path, PATH_MAX, "%s/%s/%s", home, up, rest) < PATH_MAX && fits(path);
}

bool cb_find_beside_program(char path[PATH_MAX], const char *in_tree, const char *installed,
                            bool (*fits)(const char *path))
{
    static const char *const tree[] = {"..", "../..", "../../.."};
    static const char *const share[] = {"../share/cyclebench", "../../share/cyclebench"};
    char program[PATH_MAX];
    ssize_t len = readlink("/proc/self/exe", program, sizeof program - 1);
    if (len > 0) {
        program[len] = '\0';
        const char *home = dirname(program);
        for (size_t i = 0; i < sizeof tree / sizeof *tree; i++)
            if (try(path, home, tree[i], in_tree, fits)) return true;
        for (size_t i = 0; i < sizeof share / sizeof *share; i++)
            if (try(path, home, share[i], installed, fits)) return true;
    }
    return try(path, ".", ".", in_tree, fits);
}
