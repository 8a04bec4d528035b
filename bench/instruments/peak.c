#include "peak.h"

#include "ceiling_kernels.h"
#include "instruments.h"

enum { REPETITIONS = 8 };
static const double repetition_s = 0.003;

struct burst {
    cb_fma_chains_fn *chains;
    size_t rounds;
};

static void run_task(void *context, size_t task, void *scratch)
{
    (void)task, (void)scratch;
    const struct burst *burst = context;
    float result;
    burst->chains(burst->rounds, &result);
    __asm__ volatile("" : : "m"(result)); /* the result counts as used */
}

/* What a burst takes on the calling thread. The better of two: an interruption must not pass for work. */
static double alone_s(struct burst *burst)
{
    double first = cb_now_s();
    run_task(burst, 0, NULL);
    double second = cb_now_s();
    run_task(burst, 0, NULL);
    double end = cb_now_s();
    return second - first < end - second ? second - first : end - second;
}

static double fastest_s(struct cb_team *team, struct burst *burst)
{
    double best = 0;
    for (int i = 0; i < REPETITIONS; i++) {
        double start = cb_now_s();
        cb_team_each(team, run_task, burst);
        double seconds = cb_now_s() - start;
        if (i == 0 || seconds < best) best = seconds;
    }
    return best;
}

static double peak_gflops(cb_fma_chains_fn *chains, struct cb_team *team)
{
    struct burst burst = {.chains = chains, .rounds = 10000};
    while (alone_s(&burst) < repetition_s) burst.rounds *= 2;
    float result;
    double flops = burst.chains(1, &result) * (double)burst.rounds * (double)cb_team_threads(team);
    return flops / fastest_s(team, &burst) * 1e-9;
}

double cb_fma_peak_gflops(enum cb_isa isa, struct cb_team *team)
{
    return peak_gflops(cb_ceiling_kernels_of(isa).fma_chains, team);
}

double cb_bf16_peak_gflops(enum cb_isa isa, struct cb_team *team)
{
    cb_fma_chains_fn *chains = cb_ceiling_kernels_of(isa).dot2_chains;
    return chains ? peak_gflops(chains, team) : 0;
}
