#include "sweep/child.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "loop/signals.h"

static const char child[] = "cyclebench-train";

static enum cb_status find_program(char path[PATH_MAX], struct cb_error *err)
{
    const ssize_t len = readlink("/proc/self/exe", path, PATH_MAX - sizeof child - 1);
    if (len <= 0) return cb_fail(err, CB_IO_ERROR, "/proc/self/exe: %s", strerror(errno));
    path[len] = '\0';
    char *slash = strrchr(path, '/');
    strcpy(slash ? slash + 1 : path, child);
    if (!access(path, X_OK)) return CB_OK;
    return cb_fail(err, CB_UNAVAILABLE, "%s: cannot be run: %s", path, strerror(errno));
}

/* Not in the foreground group of the terminal: Ctrl-C comes from this process, once. It ends with this process. */
static void become(const char *path, char *const *argv, pid_t parent)
{
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() == parent) execv(path, argv);
    fprintf(stderr, "cyclebench sweep: %s: %s\n", path, strerror(errno));
    _exit(1);
}

static int wait_for(pid_t pid)
{
    int how, passed_on = 0;
    for (;;) {
        const pid_t ended = waitpid(pid, &how, WNOHANG);
        if (ended == pid) break;
        if (cb_signal_received() && !passed_on) passed_on = !kill(pid, SIGTERM);
        usleep(50000);
    }
    return WIFSIGNALED(how) ? 128 + WTERMSIG(how) : WEXITSTATUS(how);
}

enum { MAX_ARGS = 2 * (CB_PLAN_MAX_SETTINGS + 1) + 20 };

enum cb_status cb_sweep_train(const struct cb_plan_run *run, const struct cb_sweep_state *state, const char *out,
                              const struct cb_sweep_options *o, int *code, struct cb_error *err)
{
    char path[PATH_MAX], folder[PATH_MAX];
    const enum cb_status status = find_program(path, err);
    if (status != CB_OK) return status;
    snprintf(folder, sizeof folder, "%s/%s", out, run->name);
    const char *argv[MAX_ARGS] = {child, run->recipe_name, "--run", folder};
    size_t n = 4;
    for (size_t i = 0; i < run->override_count; i++) argv[n++] = "--set", argv[n++] = run->overrides[i];
    if (*run->stop_after) argv[n++] = "--stop-after", argv[n++] = run->stop_after;
    if (o->data) argv[n++] = "--data", argv[n++] = o->data;
    if (o->threads) argv[n++] = "--threads", argv[n++] = o->threads;
    if (o->isa) argv[n++] = "--isa", argv[n++] = o->isa;
    if (o->oversubscribe) argv[n++] = "--oversubscribe";
    if (o->quiet) argv[n++] = "--quiet";
    if (state->stage == CB_SWEEP_BEGUN) argv[n++] = "--resume";
    const pid_t parent = getpid(), pid = fork();
    if (pid < 0) return cb_fail(err, CB_IO_ERROR, "fork: %s", strerror(errno));
    if (!pid) become(path, (char *const *)argv, parent);
    *code = wait_for(pid);
    return CB_OK;
}
