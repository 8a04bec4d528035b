#include "child.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

struct cb_child {
    const char *name;
    pid_t pid;
    int fd;
    FILE *answers; /* of the same socket */
};

/* A socket for both directions: unlike a pipe, writing to a program that has ended is an error that can be told, not a
 * signal. */
static enum cb_status spawn(struct cb_child *child, char *const argv[], struct cb_error *err)
{
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends))
        return cb_fail(err, CB_IO_ERROR, "%s: socketpair: %s", argv[0], strerror(errno));
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    int failed = posix_spawnp(&child->pid, argv[0], &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    child->fd = ends[0];
    child->answers = failed ? NULL : fdopen(ends[0], "r");
    if (child->answers) return CB_OK;
    if (!failed) failed = errno;
    close(ends[0]);
    return cb_fail(err, CB_UNAVAILABLE, "%s: cannot be started: %s", argv[0], strerror(failed));
}

enum cb_status cb_child_start(struct cb_child **out, char *const argv[], struct cb_error *err)
{
    *out = NULL;
    struct cb_child *child = calloc(1, sizeof *child);
    if (!child) return cb_fail(err, CB_NO_MEMORY, "out of memory for the child %s", argv[0]);
    child->name = argv[0];
    enum cb_status status = spawn(child, argv, err);
    if (status)
        free(child);
    else
        *out = child;
    return status;
}

static int send_line(int fd, const char *request)
{
    char line[256];
    int len = snprintf(line, sizeof line, "%s\n", request);
    return len > 0 && (size_t)len < sizeof line && send(fd, line, (size_t)len, MSG_NOSIGNAL) == len;
}

enum cb_status cb_child_ask(struct cb_child *child, const char *request, char *answer, size_t bytes,
                            struct cb_error *err)
{
    int sent = !request || send_line(child->fd, request);
    if (!sent || !fgets(answer, (int)bytes, child->answers))
        return cb_fail(err, CB_UNAVAILABLE, "%s ended without an answer; its message is above", child->name);
    answer[strcspn(answer, "\n")] = '\0';
    return CB_OK;
}

void cb_child_stop(struct cb_child *child)
{
    if (!child) return;
    fclose(child->answers);
    waitpid(child->pid, NULL, 0);
    free(child);
}
