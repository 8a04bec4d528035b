#include "live.h"

#include <math.h>

#include "flush.h"
#include "instruments.h"
#include "bench.h"

/* The peaks that a row is held against are not older. */
static const double peak_valid_s = 1;

void cb_live_begin(struct cb_live *live, const struct cb_contest *contest, struct cb_ceilings *ceilings,
                   enum cb_isa best, double pause_s)
{
    *live = (struct cb_live){.contest = contest, .ceilings = ceilings, .best = best, .pause_s = pause_s};
}

void cb_live_end(struct cb_live *live)
{
    if (live->set_up) live->contest->kernel->release(live->work);
    cb_team_destroy(live->team);
    json_decref(live->thread_cpus);
    *live = (struct cb_live){0};
}

/* --- before an entrant is timed --- */

static enum cb_status set_up(struct cb_live *live, struct cb_error *err)
{
    const struct cb_contest *c = live->contest;
    enum cb_status status = CB_OK;
    if (!live->team) {
        size_t scratch_bytes = c->kernel->scratch_bytes ? c->kernel->scratch_bytes(c->shape) : 0;
        status = cb_bind_threads(c->threads, NULL, err);
        if (!status) status = cb_team_create(&live->team, c->threads, scratch_bytes, err);
    }
    if (!status && !live->ceilings->threads) cb_ceilings_begin(live->ceilings, live->best, c->threads);
    if (!status && !live->set_up) {
        live->set_up = true;
        status = c->kernel->setup(&live->work, c, live->team, err);
    }
    return status;
}

/* --- calls --- */

static enum cb_status run_calls(struct cb_live *live, const struct cb_entrant *e, size_t calls, struct cb_error *err)
{
    enum cb_status status = CB_OK;
    for (size_t i = 0; i < calls && !status; i++) status = live->contest->kernel->run(live->work, e, err);
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
static void flush_operands(struct cb_live *live, const struct cb_entrant *e)
{
    live->contest->kernel->buffers(live->work, e, e->own_threads ? flush_alone : flush_buffer, live->team);
}

enum { LENGTH_CALLS = 3 };

static void check_length(struct cb_live *live, size_t index)
{
    const struct cb_entrant *e = &live->contest->entrant[index];
    struct cb_error *err = &live->why[index];
    double fastest = INFINITY;
    for (int i = 0; i < LENGTH_CALLS; i++) {
        flush_operands(live, e);
        double start = cb_now_s();
        if (run_calls(live, e, 1, err)) {
            live->state[index] = CB_WRONG;
            return;
        }
        fastest = fmin(fastest, cb_now_s() - start);
    }
    if (!cb_too_short_for_timer(fastest, live->pause_s)) return;
    live->state[index] = CB_SKIPPED;
    cb_fail(
        err, CB_UNAVAILABLE,
        "too short to be timed cold: a call takes %.2f us, and each is timed with a pause of %.2f us; take a larger "
        "shape, or time it warm",
        fastest * 1e6, live->pause_s * 1e6);
}

static void make_ready(struct cb_live *live, size_t index)
{
    const struct cb_kernel *k = live->contest->kernel;
    const struct cb_entrant *e = &live->contest->entrant[index];
    struct cb_error *err = &live->why[index];
    if (live->contest->cache == CB_COLD && !cb_can_flush()) {
        cb_fail(err, CB_UNAVAILABLE, "this processor has no instruction to flush caches");
        live->state[index] = CB_SKIPPED;
        return;
    }
    live->state[index] = CB_WRONG;
    if (set_up(live, err)) return;
    bool cold = live->contest->cache == CB_COLD;
    if (cb_ceilings_measure_for(live->ceilings, e->cost.bytes, cold, live->team, err)) return;
    cb_use_isa(e->isa);
    enum cb_status status = k->prepare(live->work, e, err);
    if (status == CB_UNAVAILABLE) live->state[index] = CB_SKIPPED;
    if (!status && !k->verify(live->work, e, err)) live->state[index] = CB_READY;
    if (live->state[index] == CB_READY && cold) check_length(live, index);
}

static void refresh_peak(struct cb_live *live, enum cb_format format, enum cb_isa isa)
{
    double *at_s = &live->peak_at_s[format][isa];
    if (*at_s > 0 && cb_now_s() - *at_s <= peak_valid_s) return;
    cb_ceilings_peak(live->ceilings, format, isa, live->team);
    *at_s = cb_now_s();
}

/* --- timing --- */

static enum cb_status time_warm(struct cb_live *live, const struct cb_entrant *e, struct cb_state *state,
                                struct cb_error *err)
{
    size_t calls = cb_state_iterations(state);
    enum cb_status status = run_calls(live, e, 1, err);
    while (!status && cb_state_keep_running(state, calls)) status = run_calls(live, e, calls, err);
    return status;
}

static enum cb_status time_cold(struct cb_live *live, const struct cb_entrant *e, struct cb_state *state,
                                struct cb_error *err)
{
    enum cb_status status = run_calls(live, e, 1, err);
    while (!status && cb_state_keep_running(state, 1)) {
        cb_state_pause(state);
        flush_operands(live, e);
        cb_state_resume(state);
        status = run_calls(live, e, 1, err);
    }
    return status;
}

/* A library in this contest may have made the runtime replace threads. */
static enum cb_status bind_again(struct cb_live *live, struct cb_error *err)
{
    enum cb_status status = cb_bind_threads(live->contest->threads, NULL, err);
    if (status) return status;
    json_decref(live->thread_cpus);
    live->thread_cpus = cb_team_cpus(live->team);
    return CB_OK;
}

static void add_counters(struct cb_live *live, const struct cb_entrant *e, struct cb_state *state)
{
    const struct cb_cost *cost = &e->cost;
    struct cb_roof roof = cb_roofline(live->ceilings, e->isa, cost, live->contest->cache == CB_COLD);
    double peak = live->ceilings->peak_flops[cb_cost_format(cost)][e->isa];
    cb_state_rate(state, "bytes_per_second", cost->bytes);
    if (roof.least_s > 0) cb_state_rate(state, "share_of_ceiling", roof.least_s);
    if (cost->flops == 0) return;
    cb_state_rate(state, "FLOPS", cost->flops);
    cb_state_counter(state, "peak_FLOPS", peak);
    cb_state_rate(state, "share_of_peak", cost->flops / peak);
}

void cb_live_measure(struct cb_live *live, size_t index, struct cb_state *state)
{
    const struct cb_entrant *e = &live->contest->entrant[index];
    if (live->state[index] == CB_NEW) make_ready(live, index);
    if (live->state[index] != CB_READY) {
        cb_state_fail(state, live->why[index].text);
        return;
    }
    bool alone = live->contest->threads == 1;
    enum cb_status status = bind_again(live, &live->why[index]);
    for (enum cb_format format = CB_F32; format < CB_FORMATS; format++)
        if (format == CB_F32 || e->cost.least_flops[format] > 0) refresh_peak(live, format, e->isa);
    cb_use_isa(e->isa);
    if (e->own_threads && !alone) cb_let_threads_sleep();
    if (!status)
        status = live->contest->cache == CB_COLD ? time_cold(live, e, state, &live->why[index])
                                                 : time_warm(live, e, state, &live->why[index]);
    if (e->own_threads && !alone) cb_let_threads_sleep();
    if (!status && !e->library) status = cb_check_binding(live->team, &live->why[index]);
    if (status) {
        live->state[index] = CB_WRONG;
        cb_state_fail(state, live->why[index].text);
        return;
    }
    add_counters(live, e, state);
    const char *label = live->contest->kernel->label ? live->contest->kernel->label(live->work, e) : NULL;
    if (label) cb_state_label(state, label);
}

enum cb_status cb_live_run(struct cb_live *live, size_t entrant, size_t calls, struct cb_error *err)
{
    return run_calls(live, &live->contest->entrant[entrant], calls, err);
}
