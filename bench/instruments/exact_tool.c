#include "exact.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sysfile.h"

extern char **environ;

enum { MAX_ARGUMENTS = 256, TOOL_NOT_FOUND = 127 };

/* Runs tool_argv followed by argv without their standard output. False: count says why it failed. */
static bool run_program(struct cb_count *count, const char *const tool_argv[], const char *const argv[])
{
    const char *all[MAX_ARGUMENTS];
    size_t n = 0;
    for (size_t i = 0; tool_argv[i] && n < MAX_ARGUMENTS - 1; i++) all[n++] = tool_argv[i];
    for (size_t i = 0; argv[i] && n < MAX_ARGUMENTS - 1; i++) all[n++] = argv[i];
    all[n] = NULL;
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    pid_t child;
    int error = posix_spawnp(&child, tool_argv[0], &actions, NULL, (char *const *)(const void *)all, environ);
    posix_spawn_file_actions_destroy(&actions);
    if (error) {
        cb_count_missing(count, "%s: %s%s", tool_argv[0], strerror(error),
                         error == ENOENT ? ": install it (apt install valgrind qemu-user)" : "");
        return false;
    }
    int status;
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR) {
            cb_count_missing(count, "%s: waitpid: %s", tool_argv[0], strerror(errno));
            return false;
        }
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return true;
    if (WIFSIGNALED(status))
        cb_count_missing(count, "%s: %s was ended by signal %d (%s)", tool_argv[0], argv[0], WTERMSIG(status),
                         strsignal(WTERMSIG(status)));
    else
        cb_count_missing(count, "%s: %s ended with status %d", tool_argv[0], argv[0], WEXITSTATUS(status));
    return false;
}

/* An empty file of our own for what a tool writes. */
static bool make_temp(struct cb_count *count, char *path, size_t bytes)
{
    const char *folder = getenv("TMPDIR");
    snprintf(path, bytes, "%s/cyclebench-count-XXXXXX", folder && *folder ? folder : P_tmpdir);
    int file = mkstemp(path);
    if (file < 0) {
        cb_count_missing(count, "%s: %s", path, strerror(errno));
        return false;
    }
    close(file);
    return true;
}

/* The number behind the key in the tool's file. */
static void take_number(struct cb_count *count, const char *path, const char *key, const char *source)
{
    char value[64], *end = value;
    if (cb_sysfile_value(value, sizeof value, path, key)) {
        unsigned long long number = strtoull(value, &end, 10);
        /* A program that never came to the marks leaves 0: that is no count. */
        if (end != value && number > 0) {
            cb_count_set(count, number, true, source);
            return;
        }
    }
    cb_count_missing(count, "%s: the program did not reach cb_counted_work", source);
}

void cb_count_by_callgrind(struct cb_count *count, const char *const argv[])
{
    char path[4096], out_option[4160];
    if (!make_temp(count, path, sizeof path)) return;
    snprintf(out_option, sizeof out_option, "--callgrind-out-file=%s", path);
    const char *const tool[] = {"valgrind", "--tool=callgrind",     "-q",
                                out_option, "--collect-atstart=no", "--toggle-collect=cb_counted_work",
                                NULL};
    if (run_program(count, tool, argv)) take_number(count, path, "totals", "callgrind");
    remove(path);
}

void cb_count_by_qemu(struct cb_count *count, const char *emulator, const char *plugin, const char *const argv[])
{
    char path[4096], plugin_option[8300];
    if (!make_temp(count, path, sizeof path)) return;
    snprintf(plugin_option, sizeof plugin_option, "%s,out=%s", plugin, path);
    const char *const tool[] = {emulator, "-plugin", plugin_option, NULL};
    if (run_program(count, tool, argv)) take_number(count, path, "instructions", emulator);
    remove(path);
}
