#include "session.h"

#include <math.h>
#include <stdlib.h>

#include "flush.h"
#include "instruments.h"
#include "bench.h"

/* The peaks that a row is held against are not older. */
static const double peak_valid_s = 1;

enum cb_status cb_session_begin(struct cb_session *session, const struct cb_case *the_case,
                                struct cb_ceilings *ceilings, enum cb_isa best, double pause_s, struct cb_error *err)
{
    *session = (struct cb_session){.the_case = the_case, .ceilings = ceilings, .best = best, .pause_s = pause_s};
    session->of = calloc(the_case->n_implementations + 1, sizeof *session->of);
    return session->of ? CB_OK : cb_fail(err, CB_NO_MEMORY, "out of memory for the results of %s", the_case->name);
}

void cb_session_end(struct cb_session *session)
{
    if (session->set_up) session->the_case->kernel->release(session->work);
    cb_team_destroy(session->team);
    json_decref(session->thread_cpus);
    free(session->of);
    *session = (struct cb_session){0};
}

static bool own_threads(const struct cb_implementation *e)
{
    return e->peer && e->peer->own_threads;
}

/* --- before an implementation is timed --- */

static enum cb_status set_up(struct cb_session *session, struct cb_error *err)
{
    const struct cb_case *c = session->the_case;
    enum cb_status status = CB_OK;
    if (!session->team) {
        size_t scratch_bytes = c->kernel->scratch_bytes ? c->kernel->scratch_bytes(c->shape) : 0;
        status = cb_bind_threads(c->threads, NULL, err);
        if (!status) status = cb_team_create(&session->team, c->threads, scratch_bytes, err);
    }
    if (!status && !session->ceilings->threads) cb_ceilings_begin(session->ceilings, session->best, c->threads);
    if (!status && !session->set_up) {
        session->set_up = true;
        status = c->kernel->setup(&session->work, c, session->team, err);
    }
    return status;
}

/* --- calls --- */

static enum cb_status run_calls(struct cb_session *session, const struct cb_implementation *e, size_t calls,
                                struct cb_error *err)
{
    enum cb_status status = CB_OK;
    for (size_t i = 0; i < calls && !status; i++) status = session->the_case->kernel->run(session->work, e, err);
    return status;
}

struct flushing {
    const void *buffer;
    size_t bytes;
};
enum { FLUSH_CHUNK = 1 << 16 };

static void flush_chunk(void *context, size_t task, void *scratch)
{
    (void)scratch;
    const struct flushing *f = context;
    size_t first = task * FLUSH_CHUNK, left = f->bytes - first;
    cb_flush_from_caches((const char *)f->buffer + first, left < FLUSH_CHUNK ? left : FLUSH_CHUNK);
}

static void flush_buffer(void *context, const void *buffer, size_t bytes)
{
    struct flushing f = {buffer, bytes};
    cb_team_run(context, (bytes + FLUSH_CHUNK - 1) / FLUSH_CHUNK, flush_chunk, &f);
}

static void flush_alone(void *context, const void *buffer, size_t bytes)
{
    (void)context;
    cb_flush_from_caches(buffer, bytes);
}

/* By the team, whose threads then spin for milliseconds: by this thread alone where a library's threads come next. */
static void flush_operands(struct cb_session *session, const struct cb_implementation *e)
{
    session->the_case->kernel->buffers(session->work, e, own_threads(e) ? flush_alone : flush_buffer, session->team);
}

enum { LENGTH_CALLS = 3 };

static void check_length(struct cb_session *session, size_t index)
{
    const struct cb_implementation *e = &session->the_case->implementation[index];
    struct cb_error *err = &session->of[index].why;
    double fastest = INFINITY;
    for (int i = 0; i < LENGTH_CALLS; i++) {
        flush_operands(session, e);
        double start = cb_now_s();
        if (run_calls(session, e, 1, err)) {
            session->of[index].state = CB_WRONG;
            return;
        }
        fastest = fmin(fastest, cb_now_s() - start);
    }
    if (!cb_too_short_for_timer(fastest, session->pause_s)) return;
    session->of[index].state = CB_SKIPPED;
    cb_fail(
        err, CB_UNAVAILABLE,
        "too short to be timed cold: a call takes %.2f us, and each is timed with a pause of %.2f us; take a larger "
        "shape, or time it warm",
        fastest * 1e6, session->pause_s * 1e6);
}

static void make_ready(struct cb_session *session, size_t index)
{
    const struct cb_kernel *k = session->the_case->kernel;
    const struct cb_implementation *e = &session->the_case->implementation[index];
    struct cb_error *err = &session->of[index].why;
    if (session->the_case->cache == CB_COLD && !cb_can_flush()) {
        cb_fail(err, CB_UNAVAILABLE, "this processor has no instruction to flush caches");
        session->of[index].state = CB_SKIPPED;
        return;
    }
    session->of[index].state = CB_WRONG;
    if (set_up(session, err)) return;
    bool cold = session->the_case->cache == CB_COLD;
    if (cb_ceilings_measure_for(session->ceilings, e->cost.bytes, cold, session->team, err)) return;
    cb_use_isa(e->isa);
    enum cb_status status = k->prepare(session->work, e, err);
    if (status == CB_UNAVAILABLE) session->of[index].state = CB_SKIPPED;
    if (!status && !k->verify(session->work, e, err)) session->of[index].state = CB_READY;
    if (session->of[index].state == CB_READY && cold) check_length(session, index);
}

static void refresh_peak(struct cb_session *session, enum cb_format format, enum cb_isa isa)
{
    double *at_s = &session->peak_at_s[format][isa];
    if (*at_s > 0 && cb_now_s() - *at_s <= peak_valid_s) return;
    cb_ceilings_peak(session->ceilings, format, isa, session->team);
    *at_s = cb_now_s();
}

/* --- timing --- */

static enum cb_status time_warm(struct cb_session *session, const struct cb_implementation *e, struct cb_state *state,
                                struct cb_error *err)
{
    size_t calls = cb_state_iterations(state);
    enum cb_status status = run_calls(session, e, 1, err);
    while (!status && cb_state_keep_running(state, calls)) status = run_calls(session, e, calls, err);
    return status;
}

static enum cb_status time_cold(struct cb_session *session, const struct cb_implementation *e, struct cb_state *state,
                                struct cb_error *err)
{
    enum cb_status status = run_calls(session, e, 1, err);
    while (!status && cb_state_keep_running(state, 1)) {
        cb_state_pause(state);
        flush_operands(session, e);
        cb_state_resume(state);
        status = run_calls(session, e, 1, err);
    }
    return status;
}

/* A library in this case may have made the runtime replace threads. */
static enum cb_status bind_again(struct cb_session *session, struct cb_error *err)
{
    enum cb_status status = cb_bind_threads(session->the_case->threads, NULL, err);
    if (status) return status;
    json_decref(session->thread_cpus);
    session->thread_cpus = cb_team_cpus(session->team);
    return CB_OK;
}

static void add_counters(struct cb_session *session, const struct cb_implementation *e, struct cb_state *state)
{
    const struct cb_cost *cost = &e->cost;
    struct cb_roof roof = cb_roofline(session->ceilings, e->isa, cost, session->the_case->cache == CB_COLD);
    double peak = session->ceilings->peak_flops[cb_cost_format(cost)][e->isa];
    cb_state_rate(state, "bytes_per_second", cost->bytes);
    if (cost->images > 0) cb_state_rate(state, "images_per_second", cost->images);
    if (roof.least_s > 0) cb_state_rate(state, "share_of_ceiling", roof.least_s);
    if (cost->flops == 0) return;
    cb_state_rate(state, "FLOPS", cost->flops);
    cb_state_counter(state, "peak_FLOPS", peak);
    cb_state_rate(state, "share_of_peak", cost->flops / peak);
}

void cb_session_measure(struct cb_session *session, size_t index, struct cb_state *state)
{
    const struct cb_implementation *e = &session->the_case->implementation[index];
    if (session->of[index].state == CB_NEW) make_ready(session, index);
    if (session->of[index].state != CB_READY) {
        cb_state_fail(state, session->of[index].why.text);
        return;
    }
    bool alone = session->the_case->threads == 1;
    enum cb_status status = bind_again(session, &session->of[index].why);
    for (enum cb_format format = CB_F32; format < CB_FORMATS; format++)
        if (format == CB_F32 || e->cost.least_flops[format] > 0) refresh_peak(session, format, e->isa);
    cb_use_isa(e->isa);
    if (own_threads(e) && !alone) cb_let_threads_sleep();
    if (!status)
        status = session->the_case->cache == CB_COLD ? time_cold(session, e, state, &session->of[index].why)
                                                     : time_warm(session, e, state, &session->of[index].why);
    if (own_threads(e) && !alone) cb_let_threads_sleep();
    if (!status && !e->peer) status = cb_check_binding(session->team, &session->of[index].why);
    if (status) {
        session->of[index].state = CB_WRONG;
        cb_state_fail(state, session->of[index].why.text);
        return;
    }
    add_counters(session, e, state);
    const char *label = session->the_case->kernel->label ? session->the_case->kernel->label(session->work, e) : NULL;
    if (label) cb_state_label(state, label);
}

enum cb_status cb_session_run(struct cb_session *session, size_t index, size_t calls, struct cb_error *err)
{
    return run_calls(session, &session->the_case->implementation[index], calls, err);
}
