/* bench_gemm: SGEMM and the convolution built on it beside the machine's FMA peak, measured in turn. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "instruments.h"
#include "kernels.h"
#include "peak.h"

enum { MAX_REPETITIONS = 1000 };

static const char usage[] =
    "usage: bench_gemm [options]\n"
    "\n"
    "Times C = A * B in fp32 (square, and the shapes of ResNet-56's layers as matrices) and the 3x3 convolution by "
    "im2col,\n"
    "and prints GFLOP/s (2*m*n*k) and the share of the FMA peak that the same threads reach in between.\n"
    "\n"
    "  --isa NAME         scalar, avx2, avx512 or neon (default: CYCLEBENCH_ISA, or the best available)\n"
    "  --threads N        default: one per physical core\n"
    "  --repetitions N    of each measurement (default 9)\n"
    "  --case TEXT        only cases whose name contains TEXT\n"
    "  --batch N          images of an im2col case (default 64)\n"
    "  --json FILE        also write the results to FILE\n"
    "\n"
    "Methodology: a repetition is the FMA peak, then enough calls on the same matrices to fill 20 ms, of which the "
    "mean\n"
    "counts. Matrices that fit a cache are warm in it. median and best are over the repetitions; the share is the "
    "median\n"
    "over the median of the peak. im2col includes making the columns and storing NCHW16c.\n"
    "\n"
    "Exit status: 0 done, 1 failure, 2 wrong usage.\n";

static const struct gemm_case {
    const char *name;
    size_t m, n, k;
} gemm_cases[] = {
    {"square 256", 256, 256, 256},     {"square 512", 512, 512, 512},      {"square 1024", 1024, 1024, 1024},
    {"square 2048", 2048, 2048, 2048}, {"3x3 16>16 @32", 32768, 16, 144},  {"3x3 32>32 @16", 8192, 32, 288},
    {"3x3 64>64 @8", 2048, 64, 576},   {"3x3/2 32>64 @16", 2048, 64, 288}, {"1x1/2 32>64 @16", 2048, 64, 32},
    {"stem 3>16 @32", 32768, 16, 27},  {"head 64>10", 512, 10, 64},
};

static const struct im2col_case {
    const char *name;
    size_t c, side, k;
} im2col_cases[] = {{"im2col 16>16 @32", 16, 32, 16}, {"im2col 32>32 @16", 32, 16, 32}, {"im2col 64>64 @8", 64, 8, 64}};

struct options {
    size_t threads, repetitions, batch;
    const char *isa, *name, *json;
};

static int fail(enum cb_status status, const struct cb_error *err)
{
    fprintf(stderr, "bench_gemm: %s\n", err->text);
    return status == CB_BAD_INPUT ? 2 : 1;
}

static size_t count_option(const char *option, size_t max)
{
    struct cb_error err;
    size_t value;
    if (cb_parse_count(option, optarg, max, &value, &err)) exit(fail(CB_BAD_INPUT, &err));
    return value;
}

static struct options parse_options(int argc, char **argv)
{
    static const struct option names[] = {
        {"isa", required_argument, NULL, 'i'},
        {"threads", required_argument, NULL, 't'},
        {"repetitions", required_argument, NULL, 'r'},
        {"case", required_argument, NULL, 'c'},
        {"batch", required_argument, NULL, 'b'},
        {"json", required_argument, NULL, 'j'},
        {"help", no_argument, NULL, 'h'},
        {0},
    };
    struct options o = {.repetitions = 9, .batch = 64};
    for (int c; (c = getopt_long(argc, argv, "", names, NULL)) != -1;) {
        switch (c) {
        case 'i':
            o.isa = optarg;
            break;
        case 't':
            o.threads = count_option("--threads", 4096);
            break;
        case 'r':
            o.repetitions = count_option("--repetitions", MAX_REPETITIONS);
            break;
        case 'c':
            o.name = optarg;
            break;
        case 'b':
            o.batch = count_option("--batch", 65536);
            break;
        case 'j':
            o.json = optarg;
            break;
        case 'h':
            fputs(usage, stdout);
            exit(0);
        default:
            fputs("Try bench_gemm --help.\n", stderr);
            exit(2);
        }
    }
    if (optind < argc) {
        fprintf(stderr, "bench_gemm: unexpected argument '%s'\nTry bench_gemm --help.\n", argv[optind]);
        exit(2);
    }
    return o;
}

/* --- one case: buffers, and a call that uses them --- */

struct work {
    struct cb_team *team;
    struct cb_cache_sizes caches;
    struct cb_gemm gemm;
    struct cb_conv_fwd conv;
    enum cb_status (*run)(struct work *work, struct cb_error *err);
    double flops;
    float *in, *weights, *out;
    void *workspace;
};

static enum cb_status run_gemm(struct work *w, struct cb_error *err)
{
    return cb_gemm(w->team, &w->gemm, &w->caches, w->workspace, err);
}

static enum cb_status run_im2col(struct work *w, struct cb_error *err)
{
    return cb_im2col_forward(w->team, &w->conv, &w->caches, w->workspace, err);
}

static void *aligned_bytes(size_t bytes)
{
    return aligned_alloc(64, (bytes + 63) / 64 * 64);
}

static void fill(float *p, size_t n)
{
    uint32_t bits[4] = {0};
    for (size_t i = 0; i < n; i++) {
        if (i % 4 == 0) cb_random_bits(1, CB_RANDOM_SYNTHETIC, 0, i, bits);
        p[i] = 2 * cb_random_unit(bits[i % 4]) - 1;
    }
}

static enum cb_status take_buffers(struct work *w, size_t in, size_t weights, size_t out, size_t workspace_bytes,
                                   struct cb_error *err)
{
    w->in = aligned_bytes(in * sizeof(float));
    w->weights = aligned_bytes(weights * sizeof(float));
    w->out = aligned_bytes(out * sizeof(float));
    w->workspace = aligned_bytes(workspace_bytes);
    if (!w->in || !w->weights || !w->out || !w->workspace)
        return cb_fail(err, CB_NO_MEMORY, "out of memory for the matrices");
    fill(w->in, in);
    fill(w->weights, weights);
    return CB_OK;
}

static enum cb_status plan_gemm(struct work *w, const struct gemm_case *c, struct cb_error *err)
{
    w->gemm = (struct cb_gemm){.m = c->m, .n = c->n, .k = c->k, .lda = c->k, .ldb = c->n, .ldc = c->n};
    size_t workspace_bytes = cb_gemm_workspace_bytes(&w->gemm, &w->caches, cb_team_threads(w->team));
    enum cb_status status = take_buffers(w, c->m * c->k, c->k * c->n, c->m * c->n, workspace_bytes, err);
    w->gemm.a = w->in;
    w->gemm.b = w->weights;
    w->gemm.c = w->out;
    w->run = run_gemm;
    w->flops = 2.0 * (double)c->m * (double)c->n * (double)c->k;
    return status;
}

static enum cb_status plan_im2col(struct work *w, const struct im2col_case *c, size_t batch, struct cb_error *err)
{
    struct cb_conv_shape s = {CB_CONV_3X3, batch, c->c, c->side, c->side, c->k};
    size_t map = batch * c->side * c->side;
    size_t workspace_bytes = cb_im2col_workspace_bytes(&s, &w->caches, cb_team_threads(w->team));
    enum cb_status status = take_buffers(w, map * c->c, cb_conv_weights(&s), map * c->k, workspace_bytes, err);
    w->conv = (struct cb_conv_fwd){.shape = s, .source = {.x = w->in}, .w = w->weights, .y = w->out};
    w->run = run_im2col;
    w->flops = cb_conv_flops(&s);
    return status;
}

static void release(struct work *w)
{
    free(w->in);
    free(w->weights);
    free(w->out);
    free(w->workspace);
}

/* --- measurement --- */

/* Seconds of one call: the mean of a burst of calls. */
static enum cb_status burst_s(struct work *w, size_t calls, double *seconds, struct cb_error *err)
{
    double start = cb_now_s();
    for (size_t i = 0; i < calls; i++) {
        enum cb_status status = w->run(w, err);
        if (status) return status;
    }
    *seconds = (cb_now_s() - start) / (double)calls;
    return CB_OK;
}

static enum cb_status measure(struct work *w, const char *name, size_t repetitions, json_t *rows, struct cb_error *err)
{
    static double seconds[MAX_REPETITIONS], peaks[MAX_REPETITIONS];
    static const double burst_length_s = 0.020;
    double once = 0;
    enum cb_status status = burst_s(w, 1, &once, err); /* first touch */
    if (!status) status = burst_s(w, 1, &once, err);
    size_t calls = once > 0 && once < burst_length_s ? (size_t)(burst_length_s / once) : 1;
    for (size_t i = 0; i < repetitions && !status; i++) {
        peaks[i] = cb_fma_peak_gflops(cb_isa_selected(), w->team);
        status = burst_s(w, calls, &seconds[i], err);
    }
    if (status) return status;
    double median = w->flops / cb_sort_median(seconds, repetitions) * 1e-9, best = w->flops / seconds[0] * 1e-9;
    double peak = cb_sort_median(peaks, repetitions);
    printf("%-18s %9.1f %9.1f %9.1f %7.1f%%\n", name, median, best, peak, 100 * median / peak);
    fflush(stdout);
    json_array_append_new(rows, json_pack("{s:s, s:f, s:f, s:f, s:f, s:f, s:i}", "name", name, "gflops", median,
                                          "gflops_best", best, "fma_peak_gflops", peak, "share_of_peak", median / peak,
                                          "flops", w->flops, "calls", (int)calls));
    return CB_OK;
}

static enum cb_status measure_all(const struct options *o, struct cb_team *team, json_t *rows, struct cb_error *err)
{
    enum { GEMMS = sizeof gemm_cases / sizeof *gemm_cases, IM2COLS = sizeof im2col_cases / sizeof *im2col_cases };
    enum cb_status status = CB_OK;
    for (size_t i = 0; i < GEMMS + IM2COLS && !status; i++) {
        const char *name = i < GEMMS ? gemm_cases[i].name : im2col_cases[i - GEMMS].name;
        if (o->name && !strstr(name, o->name)) continue;
        struct work w = {.team = team, .caches = cb_cache_sizes_detect()};
        status =
            i < GEMMS ? plan_gemm(&w, &gemm_cases[i], err) : plan_im2col(&w, &im2col_cases[i - GEMMS], o->batch, err);
        if (!status) status = measure(&w, name, o->repetitions, rows, err);
        release(&w);
    }
    if (!status && json_array_size(rows) == 0)
        status = cb_fail(err, CB_BAD_INPUT, "--case: no case contains '%s'; bench_gemm without it lists them", o->name);
    return status;
}

int main(int argc, char **argv)
{
    struct options o = parse_options(argc, argv);
    struct cb_error err;
    enum cb_status status = cb_isa_select(o.isa, &err);
    if (status) return fail(status, &err);
    if (!o.threads) o.threads = cb_default_threads(NULL);
    cb_bind_threads(o.threads, NULL);
    struct cb_team *team;
    status = cb_team_create(&team, o.threads, 0, &err);
    if (status) return fail(status, &err);

    printf("# %s\n# %zu repetitions; GFLOP/s\n", cb_machine_line(o.threads), o.repetitions);
    printf("%-18s %9s %9s %9s %8s\n", "case", "median", "best", "peak", "of peak");
    json_t *rows = json_array();
    status = measure_all(&o, team, rows, &err);
    json_t *root = json_pack("{s:s, s:o, s:s, s:i, s:i, s:o}", "benchmark", "gemm", "machine",
                             cb_machine_json(o.threads), "isa", cb_isa_name(cb_isa_selected()), "threads",
                             (int)o.threads, "repetitions", (int)o.repetitions, "cases", rows);
    if (!root) status = cb_fail(&err, CB_NO_MEMORY, "out of memory for the results");
    if (!status && o.json) status = cb_save_json(o.json, root, &err);
    if (!status) status = cb_finish_output(&err);
    json_decref(root);
    cb_team_destroy(team);
    return status ? fail(status, &err) : 0;
}
