#include "visit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "instruments.h"
#include "interrupt.h"
#include "loop/session.h"
#include "lost_time.h"
#include "peak.h"
#include "record/fingerprint.h"

enum { EVALUATED_BATCHES = 2 };

struct watch {
    struct cb_visit *visit;
    const struct cb_visit_plan *plan;
    struct cb_lost_time lost;
    struct cb_energy_reading energy[2];
    double energy_s[2], start_s;
};

static void read_energy(struct watch *w, int which)
{
    cb_energy_read(w->plan->energy, &w->energy[which]);
    w->energy_s[which] = cb_now_s();
}

static const char *observe(void *context, const struct cb_record_iteration *iteration)
{
    struct watch *w = context;
    if (cb_interrupt_signal()) return "interrupted";
    if (iteration->iteration == 0) {
        cb_lost_time_read(&w->lost, "");
        read_energy(w, 0);
        w->start_s = cb_now_s();
        return NULL;
    }
    w->visit->step_s[w->visit->steps++] = iteration->seconds;
    if (w->visit->steps + 1 < w->plan->iterations) return NULL;
    read_energy(w, 1);
    return "timed";
}

/* The images of the first iterations, in the places that they have in the whole set; some of the test file. */
static enum cb_status draw_images(struct cb_session *s, size_t iterations, struct cb_error *err)
{
    const struct cb_recipe *r = &s->recipe;
    const size_t n = cb_dataset_images(&cb_datasets[CB_CIFAR10], r->data.train_files) - r->data.holdout;
    const size_t needed = iterations * r->data.batch < n ? iterations * r->data.batch : n;
    uint32_t *order = malloc(n * sizeof *order);
    if (!order) return cb_fail(err, CB_NO_MEMORY, "out of memory for the order of %zu images", n);
    cb_epoch_order(r->run.seed, 0, r->data.shuffle, n, order);
    enum cb_status status = cb_synthetic_draw_some(&s->train, r->data.train_files, order, needed, err);
    free(order);
    s->train.n = n;
    const char *test = cb_dataset_test_file(&cb_datasets[CB_CIFAR10]);
    return status == CB_OK ? cb_synthetic_file(&s->eval, test, EVALUATED_BATCHES * r->data.batch, err) : status;
}

static enum cb_status train(struct cb_session *s, struct watch *w, struct cb_error *err)
{
    static const volatile sig_atomic_t never;
    const struct cb_feed eval = s->run.eval;
    s->run.stop = &never;
    s->run.eval.images = NULL;
    s->run.observer = observe;
    s->run.observer_context = w;
    s->run.position.seconds_to_target = -1;
    strcpy(s->run.position.loss_chain, CB_FINGERPRINT_START);
    s->run.clock_start = cb_now_s();
    const enum cb_run_outcome outcome = cb_run_train(&s->run, err);
    s->run.eval = eval;
    if (outcome == CB_RUN_DIVERGED)
        return cb_fail(err, CB_FAILED, "%s: the loss or a weight is not finite within %zu iterations", s->recipe.name,
                       w->plan->iterations);
    return outcome == CB_RUN_FAILED ? CB_FAILED : CB_OK;
}

static void evaluate(struct cb_session *s, struct watch *w)
{
    const double start = cb_now_s();
    cb_evaluate(&s->run.eval, s->run.team, s->run.model, s->recipe.data.batch, NULL, NULL);
    const double end = cb_now_s();
    struct cb_lost_time lost;
    cb_lost_time_read(&lost, "");
    w->visit->evaluation_s = (end - start) / (double)s->eval.n;
    w->visit->lost_share = cb_lost_share(&w->lost, &lost, s->threads, end - w->start_s);
}

static double flops_of_a_step(const struct cb_model *model, size_t iterations)
{
    size_t rows;
    double flops = 0;
    const struct cb_model_profile_row *row = cb_model_profile(model, &rows);
    for (size_t i = 0; i < rows; i++) flops += row[i].flops / (double)iterations;
    return flops;
}

/* Without an instruction for them, dot products of bf16 are fused multiply-adds. */
static double peak_flops(const struct cb_session *s)
{
    const enum cb_isa isa = cb_isa_selected();
    const double bf16 = s->recipe.network.numerics >= CB_BF16_BACKWARD ? cb_bf16_peak_gflops(isa, s->run.team) : 0;
    return 1e9 * (bf16 > 0 ? bf16 : cb_fma_peak_gflops(isa, s->run.team));
}

enum cb_status cb_visit(struct cb_visit *visit, char fingerprint[CB_SHA256_HEX], const struct cb_visit_plan *plan,
                        struct cb_error *err)
{
    *visit = (struct cb_visit){0};
    struct cb_session *s = calloc(1, sizeof *s);
    if (!s) return cb_fail(err, CB_NO_MEMORY, "out of memory");
    struct watch w = {.visit = visit, .plan = plan};
    s->run.dir.lock = -1;
    s->recipe = *plan->recipe;
    s->threads = plan->threads;
    enum cb_status status = draw_images(s, plan->iterations, err);
    if (status == CB_OK) status = cb_session_model(s, &(struct cb_session_options){.quiet = 1}, err);
    if (status == CB_OK) status = train(s, &w, err);
    if (status == CB_OK && !cb_interrupt_signal()) {
        strcpy(fingerprint, s->run.position.loss_chain);
        visit->watts = cb_energy_joules(plan->energy, &w.energy[0], &w.energy[1]) / (w.energy_s[1] - w.energy_s[0]);
        visit->step_flops = flops_of_a_step(s->run.model, plan->iterations); /* before the evaluation's are added */
        evaluate(s, &w);
        visit->peak_flops = peak_flops(s);
    }
    cb_session_close(s);
    free(s);
    return status;
}
