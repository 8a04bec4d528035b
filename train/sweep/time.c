#include <errno.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sweep/state.h"

/* What the timing process sends. */
struct answer {
    enum cb_status status;
    struct cb_error err;
    struct cb_recipe_timing timing;
};

static struct answer time_here(const struct cb_recipe *recipe, const struct cb_session_options *o,
                               const volatile sig_atomic_t *stop)
{
    static struct cb_session machine = {.run.dir.lock = -1};
    struct answer a = {0};
    struct cb_recipe resolved = *recipe;
    a.status = cb_session_machine(&machine, o, &a.err);
    if (a.status == CB_OK) a.status = cb_resolve_for_official(&resolved, &a.err);
    if (a.status == CB_OK) a.status = cb_time_recipe(&a.timing, &resolved, o, machine.threads, stop, &a.err);
    return a;
}

enum cb_status cb_sweep_time(struct cb_recipe_timing *timing, const struct cb_recipe *recipe,
                             const struct cb_session_options *o, const volatile sig_atomic_t *stop,
                             struct cb_error *err)
{
    int ends[2];
    if (pipe(ends)) return cb_fail(err, CB_IO_ERROR, "pipe: %s", strerror(errno));
    const pid_t pid = fork();
    if (pid < 0) {
        close(ends[0]);
        close(ends[1]);
        return cb_fail(err, CB_IO_ERROR, "fork: %s", strerror(errno));
    }
    if (!pid) {
        const struct answer a = time_here(recipe, o, stop);
        _exit(write(ends[1], &a, sizeof a) != (ssize_t)sizeof a);
    }
    close(ends[1]);
    struct answer a;
    size_t got = 0;
    for (ssize_t n; got < sizeof a && (n = read(ends[0], (char *)&a + got, sizeof a - got)) != 0;) {
        if (n > 0)
            got += (size_t)n;
        else if (errno != EINTR)
            break;
    }
    close(ends[0]);
    int how;
    while (waitpid(pid, &how, 0) < 0 && errno == EINTR) continue;
    if (*stop) return CB_OK;
    if (got < sizeof a) return cb_fail(err, CB_FAILED, "%s: timing it failed (out of memory?)", recipe->name);
    *timing = a.timing;
    return a.status == CB_OK ? CB_OK : cb_fail(err, a.status, "%s", a.err.text);
}
