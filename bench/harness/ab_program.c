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

#include "interrupt.h"

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
                summary[] = "--summary", file[] = RESULT_FILE, list[] = "--benchmark_list_tests";
    enum { OURS = 7 }; /* and NULL */
    struct stat there;
    *program = (struct cb_ab_program){0};
    bool folder = !stat(name, &there) && S_ISDIR(there.st_mode);
    if ((size_t)snprintf(program->path, PATH_MAX, "%s%s", name, folder ? "/cyclebench-bench" : "") >= PATH_MAX)
        return cb_fail(err, CB_BAD_INPUT, "%.64s...: this name is too long", name);
    if (access(program->path, X_OK) || stat(program->path, &there) || !S_ISREG(there.st_mode))
        return cb_fail(err, CB_BAD_INPUT, "%s: no program: expected cyclebench, cyclebench-bench or their folder",
                       program->path);
    program->argv = calloc(n + OURS, sizeof *program->argv);
    program->list_argv = calloc(n + OURS, sizeof *program->list_argv);
    if (!program->argv || !program->list_argv) return cb_fail(err, CB_NO_MEMORY, "out of memory for the arguments");
    for (int listing = 0; listing < 2; listing++) {
        char **argv = listing ? program->list_argv : program->argv;
        *argv++ = program->path;
        if (is_command(program->path)) *argv++ = verb;
        *argv++ = no_peers;
        *argv++ = repetitions;
        if (listing) *argv++ = list;
        for (size_t i = 0; i < n; i++) *argv++ = options[i];
        if (!listing) *argv++ = summary;
        if (!listing) *argv++ = file;
    }
    return CB_OK;
}

void cb_ab_program_free(struct cb_ab_program *program)
{
    free(program->argv);
    free(program->list_argv);
    *program = (struct cb_ab_program){0};
}

/* *results: where what it writes to this descriptor can be read. */
static enum cb_status start(const struct cb_ab_program *program, char *const *argv, int descriptor, pid_t *pid,
                            FILE **results, struct cb_error *err)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC)) return cb_fail(err, CB_IO_ERROR, "pipe: %s", strerror(errno));
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], descriptor);
    if (descriptor != STDOUT_FILENO)
        posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    int failed = posix_spawn(pid, program->path, &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    *results = failed ? NULL : fdopen(ends[0], "r");
    if (*results) return CB_OK;
    close(ends[0]);
    return cb_fail(err, CB_FAILED, "cannot be started: %s", strerror(failed ? failed : errno));
}

static enum cb_status check_end(int status, struct cb_error *err)
{
    if (WIFSIGNALED(status))
        return cb_fail(err, CB_FAILED, "was ended by signal %d (%s)", WTERMSIG(status), strsignal(WTERMSIG(status)));
    if (WEXITSTATUS(status))
        return cb_fail(err, CB_FAILED, "failed with exit status %d; what it said is above", WEXITSTATUS(status));
    return CB_OK;
}

/* To its end, which an interruption hastens. *text: what it wrote, NULL if that was nothing; the caller frees it. */
static enum cb_status run(const struct cb_ab_program *program, char *const *argv, int descriptor, char **text,
                          size_t *length, struct cb_error *err)
{
    pid_t pid;
    FILE *results;
    size_t bytes = 0;
    int ended = 0;
    *text = NULL;
    enum cb_status status = start(program, argv, descriptor, &pid, &results, err);
    if (status) return status;
    cb_interrupt_forward_to(pid);
    ssize_t got = getdelim(text, &bytes, '\0', results); /* to the end of the file: it holds no NUL */
    fclose(results);
    while (waitpid(pid, &ended, 0) < 0 && errno == EINTR) continue;
    cb_interrupt_forward_to(0);
    *length = got > 0 ? (size_t)got : 0;
    return check_end(ended, err);
}

enum cb_status cb_ab_program_run(const struct cb_ab_program *program, json_t **result, struct cb_error *err)
{
    char *text;
    size_t length = 0;
    json_error_t where;
    enum cb_status status = run(program, program->argv, RESULT_FD, &text, &length, err);
    if (!status && !length) status = cb_fail(err, CB_FAILED, "wrote no results; is an option in the way?");
    if (!status) {
        *result = json_loadb(text, length, 0, &where);
        if (!*result)
            status = cb_fail(err, CB_FAILED, "its results are not JSON: line %d, column %d: %s", where.line,
                             where.column, where.text);
    }
    free(text);
    return status;
}

enum cb_status cb_ab_program_list(const struct cb_ab_program *program, char **names, struct cb_error *err)
{
    size_t length = 0;
    enum cb_status status = run(program, program->list_argv, STDOUT_FILENO, names, &length, err);
    if (!status && !length) status = cb_fail(err, CB_FAILED, "lists no cases; is an option in the way?");
    if (!status) return CB_OK;
    free(*names);
    *names = NULL;
    return status;
}

static bool has_line(const char *text, const char *line, size_t length)
{
    for (const char *at = text; *at; at += at[strcspn(at, "\n")] ? strcspn(at, "\n") + 1 : strcspn(at, "\n"))
        if (strcspn(at, "\n") == length && !strncmp(at, line, length)) return true;
    return false;
}

size_t cb_ab_common_lines(const char *a, const char *b)
{
    size_t n = 0;
    while (*a) {
        size_t length = strcspn(a, "\n");
        n += length > 0 && has_line(b, a, length);
        a += length + (a[length] == '\n');
    }
    return n;
}
