#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "interrupt.h"
#include "regress.h"

extern char **environ;

enum { RESULT = 3 /* of RG_RESULT_FILE */ };

/* *results: what it writes to descriptor 3. False: it could not be started. */
static bool start(const char *const argv[], pid_t *child, FILE **results)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC)) return false;
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], RESULT);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    int error = posix_spawnp(child, argv[0], &actions, NULL, (char *const *)(const void *)argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    *results = error ? NULL : fdopen(ends[0], "r");
    if (!*results) close(ends[0]);
    return !error;
}

json_t *rg_run(const char *const argv[], int *status)
{
    pid_t child;
    FILE *results;
    int ended = 0;
    *status = -1;
    if (cb_interrupt_signal() || !start(argv, &child, &results)) return NULL;
    cb_interrupt_forward_to(child);
    json_t *found = results ? json_loadf(results, JSON_REJECT_DUPLICATES, NULL) : NULL;
    if (results) fclose(results);
    while (waitpid(child, &ended, 0) < 0 && errno == EINTR) continue;
    cb_interrupt_forward_to(0);
    *status = WIFEXITED(ended) ? WEXITSTATUS(ended) : 128 + WTERMSIG(ended);
    return found;
}
