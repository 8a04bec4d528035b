#include "ab_program.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* The child's end of a pipe for its results: nothing is left behind on a disk, whatever happens. */
enum { RESULT_FD = 3 };
#define RESULT_FILE "/dev/fd/3"

static bool is_command(const char *path)
{
    const char *slash = strrchr(path, '/');
    return !strcmp(slash ? slash + 1 : path, "cyclebench");
}

enum cb_status cb_ab_program_find(struct cb_ab_program *program, const char *name, char *const *options, size_t n,
                                  struct cb_error *err)
{
    /* Of three repetitions the median, which --summary holds, bears one that was disturbed. */
    static char verb[] = "bench", no_peers[] = "--no-peers", repetitions[] = "--benchmark_repetitions=3",
                summary[] = "--summary", file[] = RESULT_FILE;
    enum { OURS = 7 }; /* and NULL */
    struct stat there;
    *program = (struct cb_ab_program){0};
    bool folder = !stat(name, &there) && S_ISDIR(there.st_mode);
    if ((size_t)snprintf(program->path, PATH_MAX, "%s%s", name, folder ? "/cyclebench-bench" : "") >= PATH_MAX)
        return cb_fail(err, CB_BAD_INPUT, "%.64s...: this name is too long", name);
    if (access(program->path, X_OK) || stat(program->path, &there) || !S_ISREG(there.st_mode))
        return cb_fail(err, CB_BAD_INPUT, "%s: no program: expected cyclebench, cyclebench-bench or their folder",
                       program->path);
    char **argv = program->argv = calloc(n + OURS, sizeof *argv);
    if (!argv) return cb_fail(err, CB_NO_MEMORY, "out of memory for the arguments");
    *argv++ = program->path;
    if (is_command(program->path)) *argv++ = verb;
    *argv++ = no_peers;
    *argv++ = repetitions;
    for (size_t i = 0; i < n; i++) *argv++ = options[i];
    *argv++ = summary;
    *argv++ = file;
    return CB_OK;
}

void cb_ab_program_free(struct cb_ab_program *program)
{
    free(program->argv);
    *program = (struct cb_ab_program){0};
}

/* *results: where its results can be read. */
static enum cb_status start(const struct cb_ab_program *program, pid_t *pid, FILE **results, struct cb_error *err)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC)) return cb_fail(err, CB_IO_ERROR, "pipe: %s", strerror(errno));
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], RESULT_FD);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    int failed = posix_spawn(pid, program->path, &actions, NULL, program->argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    *results = failed ? NULL : fdopen(ends[0], "r");
    if (*results) return CB_OK;
    close(ends[0]);
    return cb_fail(err, CB_UNAVAILABLE, "cannot be started: %s", strerror(failed ? failed : errno));
}

static enum cb_status check_end(int status, struct cb_error *err)
{
    if (WIFSIGNALED(status))
        return cb_fail(err, CB_UNAVAILABLE, "was ended by signal %d (%s)", WTERMSIG(status),
                       strsignal(WTERMSIG(status)));
    if (WEXITSTATUS(status))
        return cb_fail(err, CB_UNAVAILABLE, "failed with exit status %d; what it said is above", WEXITSTATUS(status));
    return CB_OK;
}

enum cb_status cb_ab_program_run(const struct cb_ab_program *program, json_t **result, struct cb_error *err)
{
    pid_t pid;
    FILE *results;
    char *text = NULL;
    size_t bytes = 0;
    int ended = 0;
    json_error_t where;
    enum cb_status status = start(program, &pid, &results, err);
    if (status) return status;
    /* To the end of the file, as JSON holds no NUL. */
    ssize_t length = getdelim(&text, &bytes, '\0', results);
    fclose(results);
    while (waitpid(pid, &ended, 0) < 0 && errno == EINTR) continue;
    status = check_end(ended, err);
    if (!status && length <= 0) status = cb_fail(err, CB_UNAVAILABLE, "wrote no results; is an option in the way?");
    if (!status) {
        *result = json_loadb(text, (size_t)length, 0, &where);
        if (!*result)
            status = cb_fail(err, CB_UNAVAILABLE, "its results are not JSON: line %d, column %d: %s", where.line,
                             where.column, where.text);
    }
    free(text);
    return status;
}
