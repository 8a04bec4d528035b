#include "gnuplot.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../lib/memory.h"
#include "stop.h"

enum { FAILED = 1, LONGEST_SECONDS = 30 };
extern char **environ;

const char cb_how_to_draw[] = "pictures need gnuplot: apt install gnuplot-nox, or the package of your system";

static bool took_too_long;

bool cb_gnuplot_is_there(void)
{
    took_too_long = false;
    /* A parent may have left it ignored; then nobody is told how a child ended. */
    signal(SIGCHLD, SIG_DFL);
    FILE *answer = popen("command -v gnuplot", "r");
    if (!answer) return false;
    while (fgetc(answer) != EOF) {
    }
    return pclose(answer) == 0;
}

/* Starts gnuplot without the user's own settings; its input and its messages are files, its output is one end of a pipe.
 * In a process group of its own Ctrl-C does not reach it, and all that it started can be ended. */
static int start(pid_t *child, int in, const int out[2], int messages)
{
    char *const args[] = {"gnuplot", "-d", NULL};
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_adddup2(&files, in, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&files, out[1], STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&files, messages, STDERR_FILENO);
    posix_spawn_file_actions_addclose(&files, out[0]);
    const int failed = posix_spawnp(child, "gnuplot", &files, &attributes, args, environ);
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attributes);
    return failed;
}

/* CB_READABLE: up to its end. */
static enum cb_waited read_all(int fd, char **text, size_t *size, double *seconds)
{
    size_t room = 1;
    ssize_t got = 1;
    enum cb_waited how = CB_READABLE;
    *text = cb_report_alloc(1);
    *size = 0;
    while (got > 0 && (how = cb_stop_wait(fd, seconds)) == CB_READABLE) {
        got = read(fd, *text + *size, room - *size);
        if (got > 0) *size += (size_t)got;
        if (*size == room) *text = cb_report_realloc(*text, room *= 2);
    }
    (*text)[*size] = '\0';
    return how;
}

/* It may go on without an output. CB_READABLE: it has ended. */
static enum cb_waited wait_for(pid_t child, int *status, double *seconds)
{
    while (!waitpid(child, status, WNOHANG)) {
        double pause = 0.002;
        if (cb_stop_wait(-1, &pause) == CB_STOPPED) return CB_STOPPED;
        if ((*seconds -= 0.002) < 0) return CB_TIME_OVER;
    }
    return CB_READABLE;
}

/* The last line that says something: before it gnuplot shows the command, and warnings. */
static void last_message(FILE *messages, char *reason, size_t size)
{
    char line[200];
    snprintf(reason, size, "it says nothing");
    rewind(messages);
    while (fgets(line, sizeof line, messages)) {
        line[strcspn(line, "\n")] = '\0';
        const char *text = line + strspn(line, " \t^");
        if (*text) snprintf(reason, size, "%s", text);
    }
}

static bool run(int script, FILE *messages, char **text, size_t *size, struct cb_report_error *err)
{
    int out[2], status = -1;
    pid_t child;
    double seconds = LONGEST_SECONDS;
    if (pipe(out)) return cb_report_fail(err, FAILED, "gnuplot: %s", strerror(errno));
    const int failed = start(&child, script, out, fileno(messages));
    close(out[1]);
    enum cb_waited how = failed ? CB_READABLE : read_all(out[0], text, size, &seconds);
    close(out[0]);
    if (failed) return cb_report_fail(err, FAILED, "gnuplot: %s; %s", strerror(failed), cb_how_to_draw);
    if (how == CB_READABLE) how = wait_for(child, &status, &seconds);
    if (how != CB_READABLE) {
        kill(-child, SIGKILL);
        waitpid(child, NULL, 0);
        took_too_long = how == CB_TIME_OVER;
        if (how == CB_STOPPED) return cb_report_fail(err, FAILED, "gnuplot was stopped");
        return cb_report_fail(err, FAILED, "gnuplot: no picture after %d s", LONGEST_SECONDS);
    }
    if (status == 0 && *size) return true;
    char reason[200];
    last_message(messages, reason, sizeof reason);
    return cb_report_fail(err, FAILED, "gnuplot failed: %s", reason);
}

char *cb_gnuplot(FILE *script, size_t *size, struct cb_report_error *err)
{
    char *text = NULL;
    FILE *messages = tmpfile();
    bool good = false;
    rewind(script);
    lseek(fileno(script), 0, SEEK_SET);
    if (!messages)
        cb_report_fail(err, FAILED, "gnuplot's messages: %s", strerror(errno));
    else if (took_too_long)
        cb_report_fail(err, FAILED, "gnuplot took too long for an earlier one");
    else
        good = run(fileno(script), messages, &text, size, err);
    if (messages) fclose(messages);
    if (good) return text;
    free(text);
    return NULL;
}
