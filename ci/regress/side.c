#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "regress.h"

extern char **environ;

bool rg_run(const char *const argv[], char **out, int *status)
{
    int pipe_of[2];
    size_t bytes = 0;
    *out = NULL;
    *status = -1;
    if (pipe2(pipe_of, O_CLOEXEC)) return false;
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, pipe_of[1], STDOUT_FILENO);
    pid_t child;
    int error = posix_spawnp(&child, argv[0], &actions, NULL, (char *const *)(const void *)argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(pipe_of[1]);
    FILE *from = fdopen(pipe_of[0], "r");
    if (!error && from && getdelim(out, &bytes, '\0', from) < 0) (*out) ? (*out)[0] = '\0' : '\0';
    if (from) fclose(from);
    if (error) return false;
    while (waitpid(child, status, 0) < 0)
        if (errno != EINTR) return false;
    *status = WIFEXITED(*status) ? WEXITSTATUS(*status) : 128 + WTERMSIG(*status);
    return *status == 0;
}

static enum cb_status read_counts(json_t **counts, const char *path, struct cb_error *err)
{
    json_error_t wrong;
    *counts = json_load_file(path, JSON_REJECT_DUPLICATES, &wrong);
    if (!*counts)
        return cb_fail(err, CB_BAD_INPUT, "%.500s:%d:%d: %s: expected a file of cyclebench count --json", path,
                       wrong.line, wrong.column, wrong.text);
    if (json_is_array(json_object_get(*counts, "groups"))) return CB_OK;
    json_decref(*counts);
    *counts = NULL;
    return cb_fail(err, CB_BAD_INPUT, "%.500s: no \"groups\": expected a file of cyclebench count --json", path);
}

enum cb_status rg_count_side(json_t **counts, const char *path, struct cb_error *err)
{
    struct stat about;
    if (stat(path, &about)) return cb_fail(err, CB_BAD_INPUT, "%.500s: %s", path, strerror(errno));
    if (!S_ISDIR(about.st_mode)) return read_counts(counts, path, err);
    char program[PATH_MAX], json[] = P_tmpdir "/cyclebench-regress-XXXXXX", *out;
    snprintf(program, sizeof program, "%.4000s/cyclebench-count", path);
    if (access(program, X_OK))
        return cb_fail(err, CB_BAD_INPUT,
                       "%.500s: no cyclebench-count: expected the folder of a build (make), or a file of "
                       "cyclebench count --json",
                       path);
    int file = mkstemp(json), status;
    if (file < 0) return cb_fail(err, CB_IO_ERROR, "%s: %s", json, strerror(errno));
    close(file);
    const char *const argv[] = {program, "--json", json, NULL};
    bool ran = rg_run(argv, &out, &status);
    enum cb_status result =
        ran ? read_counts(counts, json, err)
            : cb_fail(err, CB_FAILED, "%.500s: exit status %d:\n%.400s", program, status, out ? out : "");
    free(out);
    remove(json);
    return result;
}
