#include "kernel_choice.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "json_text.h"

/* --- trials, each in a process of its own: a library may end it, and chooses only once --- */

enum { TRIAL_SECONDS = 120 };

struct trial {
    enum cb_status status;
    struct cb_peer_about about;
    struct cb_error err;
};

/* Multiples of 1/32 within [-1, 1]: their products' sums are exact in any order. */
static float element(size_t at, size_t seed)
{
    return (float)((at * 37 + at / 64 * 11 + seed) % 65) / 32 - 1;
}

static enum cb_status check_product(const struct cb_peer *peer, size_t m, size_t n, size_t k, struct cb_error *err)
{
    enum { MOST = 160 * 160 };
    static float a[MOST], b[MOST], c[MOST];
    const struct cb_gemm gemm = {.m = m, .n = n, .k = k, .a = a, .b = b, .c = c, .lda = k, .ldb = n, .ldc = n};
    for (size_t i = 0; i < MOST; i++) a[i] = element(i, 3), b[i] = element(i, 40);
    memset(c, 0xff, sizeof c);
    if (peer->gemm->prepare(&gemm)) return CB_OK; /* it leaves out this size */
    enum cb_status status = peer->gemm->run(&gemm, err);
    for (size_t i = 0; i < m && !status; i++)
        for (size_t j = 0; j < n && !status; j++) {
            double expected = 0;
            for (size_t p = 0; p < k; p++) expected += (double)a[i * k + p] * (double)b[p * n + j];
            if ((double)c[i * n + j] == expected) continue;
            status = cb_fail(err, CB_UNAVAILABLE, "they compute wrongly: C[%zu][%zu] of %zu x %zu x %zu is %g, not %g",
                             i, j, m, n, k, (double)c[i * n + j], expected);
        }
    return status;
}

static enum cb_status check_products(const struct cb_peer *peer, struct cb_error *err)
{
    static const size_t sizes[][3] = {{1, 1, 1}, {5, 7, 9}, {16, 16, 16}, {33, 65, 17}, {64, 64, 64}, {129, 97, 151}};
    enum cb_status status = CB_OK;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes && !status; i++)
        status = check_product(peer, sizes[i][0], sizes[i][1], sizes[i][2], err);
    return status;
}

/* In the child. value: of the variable, or NULL to leave the environment as it is. */
static void run_trial(const struct cb_peer *peer, size_t threads, const char *value, int results)
{
    struct trial t = {0};
    int nowhere = open("/dev/null", O_WRONLY);
    dup2(nowhere, STDOUT_FILENO);
    dup2(nowhere, STDERR_FILENO);
    alarm(TRIAL_SECONDS);
    if (value) setenv(peer->kernels_variables[0], value, 1);
    t.status = peer->start(threads, &t.about, &t.err);
    if (!t.status && value && peer->gemm) t.status = check_products(peer, &t.err);
    _exit(write(results, &t, sizeof t) == (ssize_t)sizeof t ? 0 : 1);
}

static void try_start(struct trial *t, const struct cb_peer *peer, size_t threads, const char *value)
{
    int ends[2], ended = 0;
    *t = (struct trial){.status = CB_UNAVAILABLE};
    if (pipe2(ends, O_CLOEXEC)) {
        cb_fail(&t->err, CB_UNAVAILABLE, "pipe: %s", strerror(errno));
        return;
    }
    pid_t pid = fork();
    if (pid == 0) run_trial(peer, threads, value, ends[1]);
    close(ends[1]);
    ssize_t got = pid < 0 ? -1 : read(ends[0], t, sizeof *t);
    close(ends[0]);
    while (pid > 0 && waitpid(pid, &ended, 0) < 0 && errno == EINTR) continue;
    if (got == (ssize_t)sizeof *t) return;
    *t = (struct trial){.status = CB_UNAVAILABLE};
    if (pid < 0)
        cb_fail(&t->err, CB_UNAVAILABLE, "fork: %s", strerror(errno));
    else if (WIFSIGNALED(ended))
        cb_fail(&t->err, CB_UNAVAILABLE, "starting it ended in signal %d (%s)", WTERMSIG(ended),
                strsignal(WTERMSIG(ended)));
    else
        cb_fail(&t->err, CB_UNAVAILABLE, "starting it ended the process with status %d", WEXITSTATUS(ended));
}

/* --- the choice --- */

bool cb_kernels_below(const struct cb_peer_about *about, enum cb_isa best, enum cb_format format)
{
    enum cb_isa needed = format == CB_BF16 || cb_isa_builds_f32(best) ? best : cb_isa_base(best);
    if (needed == CB_ISA_NEON) return false; /* there is nothing below it */
    while (needed != CB_ISA_SCALAR) {
        needed = cb_isa_base(needed);
        if (needed == about->isa) return true;
    }
    return false; /* also where it is not known */
}

static bool is_below(const struct cb_peer *peer, const struct cb_peer_about *about, enum cb_isa best)
{
    return cb_kernels_below(about, best, peer->gemm && peer->gemm->prepare_bf16 ? CB_BF16 : CB_F32);
}

static const char *users_variable(const struct cb_peer *peer)
{
    for (size_t i = 0; i < sizeof peer->kernels_variables / sizeof *peer->kernels_variables; i++) {
        const char *name = peer->kernels_variables[i], *value = name ? getenv(name) : NULL;
        if (value && *value) return name;
    }
    return NULL;
}

static const char *better_value(const struct cb_peer *peer, enum cb_isa best)
{
    return peer->kernels_value ? peer->kernels_value(best) : NULL;
}

static void leave_out(struct cb_kernel_choice *c, const char *why)
{
    snprintf(c->why_not, sizeof c->why_not, "%.700s%s%s", why, *c->setting ? ", with your " : "", c->setting);
}

static void tell_user(struct cb_kernel_choice *c, const char *variable, const char *value)
{
    if (value)
        snprintf(c->remedy, sizeof c->remedy, "unset %s, or set it to %s", variable, value);
    else
        snprintf(c->remedy, sizeof c->remedy, "unset %s", variable);
}

/* Its own choice is too low: ours, if that holds. */
static bool try_better(struct cb_kernel_choice *c, const struct cb_peer *peer, size_t threads, enum cb_isa best)
{
    struct trial trial;
    const char *value = better_value(peer, best);
    if (!value) {
        snprintf(c->remedy, sizeof c->remedy, "another version may know this CPU: this one has no switch for it");
        return false;
    }
    try_start(&trial, peer, threads, value);
    bool holds = !trial.status && !is_below(peer, &trial.about, best);
    if (!holds)
        snprintf(c->remedy, sizeof c->remedy, "another version may know this CPU: %s=%s was tried, but %s%.300s",
                 peer->kernels_variables[0], value, trial.status ? "" : "it still takes ",
                 trial.status ? trial.err.text : trial.about.kernels);
    return holds;
}

/* In this process, after the trials. */
static void start(struct cb_kernel_choice *c, const struct cb_peer *peer, size_t threads, enum cb_isa best,
                  const char *value)
{
    struct cb_error err;
    const char *variable = peer->kernels_variables[0];
    if (value) setenv(variable, value, 1);
    c->ready = !peer->start(threads, &c->about, &err);
    if (value) unsetenv(variable);
    if (!c->ready) leave_out(c, err.text);
    c->below = c->ready && is_below(peer, &c->about, best);
}

void cb_choose_kernels(struct cb_kernel_choice *c, const struct cb_peer *peer, size_t threads, enum cb_isa best)
{
    struct trial own;
    const char *users = users_variable(peer), *value = NULL;
    *c = (struct cb_kernel_choice){.library = peer->name};
    if (users) {
        c->by = CB_CHOSEN_BY_USER;
        snprintf(c->setting, sizeof c->setting, "%s=%.48s", users, getenv(users));
    }
    try_start(&own, peer, threads, NULL);
    if (own.status) {
        leave_out(c, own.err.text);
        return;
    }
    bool low = is_below(peer, &own.about, best);
    if (low && users)
        tell_user(c, users, better_value(peer, best));
    else if (low && try_better(c, peer, threads, best))
        value = better_value(peer, best);
    if (value) {
        c->by = CB_CHOSEN_BY_US;
        snprintf(c->setting, sizeof c->setting, "%s=%s", peer->kernels_variables[0], value);
        snprintf(c->own_kernels, sizeof c->own_kernels, "%s", own.about.kernels);
    }
    start(c, peer, threads, best, value);
    if (c->below && !*c->remedy) snprintf(c->remedy, sizeof c->remedy, "%s did not hold in this process", c->setting);
}

/* --- told --- */

static void set_text(json_t *json, const char *key, const char *text, const char *reason)
{
    char reason_key[64];
    snprintf(reason_key, sizeof reason_key, "%s_reason", key);
    json_object_set_new(json, key, text ? cb_json_text(text) : json_null());
    if (!text) json_object_set_new(json, reason_key, cb_json_text(reason));
}

json_t *cb_kernel_choice_json(const struct cb_kernel_choice *c)
{
    static const char *const by[] = {"library", "user", "cyclebench"};
    json_t *json = json_object();
    set_text(json, "name", c->library, NULL);
    set_text(json, "about", c->ready ? c->about.text : NULL, c->why_not);
    if (!c->ready) return json;
    bool known = c->about.isa < CB_ISA_COUNT, set = c->by != CB_CHOSEN_BY_LIBRARY;
    set_text(json, "version", c->about.version, NULL);
    set_text(json, "kernels", c->about.kernels, NULL);
    set_text(json, "kernels_isa", known ? cb_isa_name(c->about.isa) : NULL, "cyclebench does not know these kernels");
    set_text(json, "chosen_by", by[c->by], NULL);
    set_text(json, "setting", set ? c->setting : NULL, "none");
    set_text(json, "own_choice",
             c->by == CB_CHOSEN_BY_US ? c->own_kernels
             : set                    ? NULL
                                      : c->about.kernels,
             "not asked: the user's setting counts");
    json_object_set_new(json, "below_this_cpu", json_boolean(c->below));
    if (c->below) set_text(json, "remedy", c->remedy, NULL);
    return json;
}

void cb_kernel_choice_print(const struct cb_kernel_choice *c, FILE *out)
{
    fprintf(out, "# %s: %s\n", c->library, c->ready ? c->about.text : c->why_not);
    if (c->by == CB_CHOSEN_BY_US)
        fprintf(out, "# %s: kernels chosen here by %s, in the place of its own choice, %s\n", c->library, c->setting,
                c->own_kernels);
    if (c->ready && c->by == CB_CHOSEN_BY_USER)
        fprintf(out, "# %s: kernels chosen by your %s\n", c->library, c->setting);
    if (c->below)
        fprintf(out, "# warning: %s: its %s kernels are below this CPU's. %s\n", c->library, c->about.kernels,
                c->remedy);
}
