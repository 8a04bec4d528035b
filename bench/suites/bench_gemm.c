/* bench_gemm: SGEMM beside that of other libraries and the machine's FMA peak, measured in turn. */
#include <getopt.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "core/bf16.h"
#include "gemm_peer.h"
#include "instruments.h"
#include "kernels.h"
#include "peers.h"
#include "turns.h"

static const char usage[] =
    "usage: bench_gemm [options]\n"
    "\n"
    "Times C = A * B in fp32 (square, and the shapes of ResNet-56's layers as matrices) with cyclebench, OpenBLAS, "
    "BLIS,\n"
    "LIBXSMM and oneDNN, the same with A and B of bf16 with oneDNN, and the 3x3 convolution by im2col. Prints GFLOP/s\n"
    "(2*m*n*k), the share of the peak that the same threads reach in between (of bf16: of its dot products, where the "
    "CPU\n"
    "has them), and our rate over the fastest library's.\n"
    "\n"
    "  --isa NAME         of ours: scalar, avx2, avx512, avx512bf16 or neon (default: CYCLEBENCH_ISA, or the best "
    "available);\n"
    "                     the libraries choose by themselves, or as their environment variables say\n"
    "  --threads N        of all (default: one per physical core)\n"
    "  --repetitions N    of each measurement (default 9)\n"
    "  --case TEXT        only cases whose name contains TEXT\n"
    "  --batch N          images of an im2col case (default 64)\n"
    "  --no-peers         ours only\n"
    "  --json FILE        also write the results to FILE\n"
    "\n"
    "Methodology: a repetition is the FMA peak, then one side after the other, each as many calls on the same matrices "
    "as\n"
    "fill 20 ms, of which the mean counts; numbers are medians over the repetitions. Before that, every result is "
    "compared\n"
    "with ours, and ours with sums in double precision. Matrices that fit a cache are warm in it. im2col includes "
    "making\n"
    "the columns and storing NCHW16c; it has no peer here (see bench_conv). LIBXSMM takes small shapes only.\n"
    "\n"
    "Exit status: 0 done (also without peers), 1 failure or a wrong result, 2 wrong usage.\n";

static const struct gemm_case {
    const char *name;
    size_t m, n, k;
    enum cb_format format; /* of A and B */
} gemm_cases[] = {
    {"square 16", 16, 16, 16},
    {"square 32", 32, 32, 32},
    {"square 64", 64, 64, 64},
    {"square 128", 128, 128, 128},
    {"square 256", 256, 256, 256},
    {"square 512", 512, 512, 512},
    {"square 1024", 1024, 1024, 1024},
    {"square 2048", 2048, 2048, 2048},
    {"square 4096", 4096, 4096, 4096},
    /* pixels x output channels, depth R*S*C: im2col of 32 images */
    {"3x3 16>16 @32", 32768, 16, 144},
    {"3x3 32>32 @16", 8192, 32, 288},
    {"3x3 64>64 @8", 2048, 64, 576},
    {"3x3/2 32>64 @16", 2048, 64, 288},
    {"1x1/2 32>64 @16", 2048, 64, 32},
    {"stem 3>16 @32", 32768, 16, 27},
    /* output channels x the pixels of one image */
    {"thin 16>16 @32", 16, 1024, 144},
    {"thin 32>32 @16", 32, 256, 288},
    {"thin 64>64 @8", 64, 64, 576},
    /* images x classes */
    {"head 64>10", 512, 10, 64},
    {"head 64>10, 128", 128, 10, 64},
    {"bf16 256 square", 256, 256, 256, CB_BF16},
    {"bf16 512 square", 512, 512, 512, CB_BF16},
    {"bf16 1024 square", 1024, 1024, 1024, CB_BF16},
    {"bf16 2048 square", 2048, 2048, 2048, CB_BF16},
    {"bf16 4096 square", 4096, 4096, 4096, CB_BF16},
    {"bf16 3x3 16>16", 32768, 16, 144, CB_BF16},
    {"bf16 3x3 64>64", 2048, 64, 576, CB_BF16},
};

static const struct im2col_case {
    const char *name;
    size_t c, side, k;
} im2col_cases[] = {{"im2col 16>16 @32", 16, 32, 16}, {"im2col 32>32 @16", 32, 16, 32}, {"im2col 64>64 @8", 64, 8, 64}};

static const struct cb_gemm_peer *const gemm_peers[] = {&cb_gemm_openblas, &cb_gemm_blis, &cb_gemm_libxsmm,
                                                        &cb_gemm_onednn};
enum { PEERS = sizeof gemm_peers / sizeof *gemm_peers };

struct options {
    size_t threads, repetitions, batch;
    const char *isa, *name, *json;
    bool peers;
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
        {"no-peers", no_argument, NULL, 'n'},
        {"json", required_argument, NULL, 'j'},
        {"help", no_argument, NULL, 'h'},
        {0},
    };
    struct options o = {.repetitions = 9, .batch = 64, .peers = true};
    for (int c; (c = getopt_long(argc, argv, "", names, NULL)) != -1;) {
        switch (c) {
        case 'i':
            o.isa = optarg;
            break;
        case 't':
            o.threads = count_option("--threads", 4096);
            break;
        case 'r':
            o.repetitions = count_option("--repetitions", CB_MAX_REPETITIONS);
            break;
        case 'c':
            o.name = optarg;
            break;
        case 'b':
            o.batch = count_option("--batch", 65536);
            break;
        case 'n':
            o.peers = false;
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

/* --- one case: buffers, and calls that use them --- */

/* A side of the contest: ours if peer is NULL. */
struct contender {
    const struct cb_gemm_peer *peer;
    struct cb_gemm gemm; /* with its own C */
    struct cb_gemm_bf16 gemm_bf16;
    const char *why_not; /* NULL: it computes this case */
    size_t side;         /* index into sides */
    double difference;
};

struct work {
    const char *name;
    struct cb_team *team;
    struct cb_cache_sizes caches;
    enum cb_format format;
    struct cb_gemm gemm;           /* of floats, */
    struct cb_gemm_bf16 gemm_bf16; /* or the same of bf16 */
    struct cb_conv_fwd conv;
    cb_side_fn *run;
    double flops;
    float *in, *weights, *out, *peer_out;
    void *workspace;
    struct contender peers[PEERS];
    struct cb_side sides[PEERS + 1];
    size_t n_sides;
    double peak_gflops;
};

static enum cb_status run_gemm(void *context, struct cb_error *err)
{
    struct work *w = context;
    return cb_gemm(w->team, &w->gemm, &w->caches, w->workspace, err);
}

static enum cb_status run_gemm_bf16(void *context, struct cb_error *err)
{
    struct work *w = context;
    return cb_gemm_bf16(w->team, &w->gemm_bf16, &w->caches, w->workspace, err);
}

static enum cb_status run_im2col(void *context, struct cb_error *err)
{
    struct work *w = context;
    return cb_im2col_forward(w->team, &w->conv, &w->caches, w->workspace, err);
}

static enum cb_status run_peer(void *context, struct cb_error *err)
{
    const struct contender *c = context;
    return c->gemm_bf16.a ? c->peer->run_bf16(&c->gemm_bf16, err) : c->peer->run(&c->gemm, err);
}

static enum cb_status take_buffers(struct work *w, size_t in, size_t weights, size_t out, size_t workspace_bytes,
                                   struct cb_error *err)
{
    w->in = cb_alloc_tensor(in * sizeof(float));
    w->weights = cb_alloc_tensor(weights * sizeof(float));
    w->out = cb_alloc_tensor(out * sizeof(float));
    w->peer_out = cb_alloc_tensor(out * sizeof(float));
    w->workspace = cb_alloc_tensor(workspace_bytes);
    if (!w->in || !w->weights || !w->out || !w->peer_out || !w->workspace)
        return cb_fail(err, CB_NO_MEMORY, "out of memory for the matrices");
    cb_fill_random(w->team, 1, w->in, in);
    cb_fill_random(w->team, 2, w->weights, weights);
    return CB_OK;
}

/* n floats become n bf16, in the first half of their memory. */
static uint16_t *round_in_place(float *p, size_t n)
{
    uint16_t *half = (uint16_t *)(void *)p;
    for (size_t i = 0; i < n; i++) {
        float x;
        memcpy(&x, p + i, sizeof x);
        half[i] = cb_bf16_of(x);
    }
    return half;
}

static enum cb_status plan_gemm(struct work *w, const struct gemm_case *c, struct cb_error *err)
{
    w->name = c->name;
    w->gemm = (struct cb_gemm){.m = c->m, .n = c->n, .k = c->k, .lda = c->k, .ldb = c->n, .ldc = c->n};
    size_t workspace_bytes = cb_gemm_workspace_bytes(&w->gemm, &w->caches, cb_team_threads(w->team));
    enum cb_status status = take_buffers(w, c->m * c->k, c->k * c->n, c->m * c->n, workspace_bytes, err);
    w->gemm.a = w->in;
    w->gemm.b = w->weights;
    w->gemm.c = w->out;
    w->run = run_gemm;
    w->flops = 2.0 * (double)c->m * (double)c->n * (double)c->k;
    if (status || c->format == CB_F32) return status;
    free(w->workspace);
    w->format = CB_BF16;
    w->gemm_bf16 = (struct cb_gemm_bf16){.m = c->m,
                                         .n = c->n,
                                         .k = c->k,
                                         .a = round_in_place(w->in, c->m * c->k),
                                         .b = round_in_place(w->weights, c->k * c->n),
                                         .c = w->out,
                                         .lda = c->k,
                                         .ldb = c->n,
                                         .ldc = c->n};
    workspace_bytes = cb_gemm_bf16_workspace_bytes(&w->gemm_bf16, &w->caches, cb_team_threads(w->team));
    w->workspace = cb_alloc_tensor(workspace_bytes);
    w->run = run_gemm_bf16;
    return w->workspace ? CB_OK : cb_fail(err, CB_NO_MEMORY, "out of memory for the matrices");
}

static enum cb_status plan_im2col(struct work *w, const struct im2col_case *c, size_t batch, struct cb_error *err)
{
    w->name = c->name;
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
    free(w->peer_out);
    free(w->workspace);
}

/* --- verification --- */

/* Of the largest value, for sums of up to 4096 products. */
static const double tolerance = 1e-4;

/* Element `at` of A or B. */
static double operand(const struct work *w, const float *matrix, size_t at)
{
    if (w->format == CB_F32) return (double)matrix[at];
    return (double)cb_bf16_value(((const uint16_t *)(const void *)matrix)[at]);
}

/* One element in each row, against a sum in double precision. */
static enum cb_status verify_ours(const struct work *w, struct cb_error *err)
{
    const struct cb_gemm *g = &w->gemm;
    for (size_t i = 0; i < g->m; i++) {
        size_t j = i * 7 % g->n;
        double sum = 0, terms = 0;
        for (size_t p = 0; p < g->k; p++) {
            double product = operand(w, g->a, i * g->lda + p) * operand(w, g->b, p * g->ldb + j);
            sum += product;
            terms += fabs(product);
        }
        double difference = fabs((double)g->c[i * g->ldc + j] - sum);
        if (!(difference <= tolerance * terms))
            return cb_fail(err, CB_UNAVAILABLE, "%s: our C[%zu][%zu] is %g instead of %g", w->name, i, j,
                           (double)g->c[i * g->ldc + j], sum);
    }
    return CB_OK;
}

static enum cb_status verify_peer(const struct work *w, struct contender *c, struct cb_error *err)
{
    size_t n = w->gemm.m * w->gemm.n;
    memset(w->peer_out, 0xff, n * sizeof *w->peer_out); /* NaN: what is not written is found */
    enum cb_status status = run_peer(c, err);
    if (status) return status;
    c->difference = cb_worst_difference(w->out, w->peer_out, n);
    if (c->difference <= tolerance) return CB_OK;
    return cb_fail(err, CB_UNAVAILABLE, "%s: the result of %s differs from ours by %.1e of the largest value", w->name,
                   c->peer->name, c->difference);
}

/* --- measurement --- */

static const char *prepare_peer(const struct work *w, const struct contender *c)
{
    if (w->run == run_im2col) return "im2col is compared in bench_conv";
    if (w->format == CB_F32) return c->peer->prepare(&c->gemm);
    return c->peer->prepare_bf16 ? c->peer->prepare_bf16(&c->gemm_bf16) : "no product of bf16";
}

static enum cb_status add_peers(struct work *w, const bool ready[PEERS], struct cb_error *err)
{
    enum cb_status status = CB_OK;
    for (size_t i = 0; i < PEERS && !status; i++) {
        struct contender *c = &w->peers[i];
        *c = (struct contender){.peer = gemm_peers[i], .gemm = w->gemm, .why_not = "not here, or --no-peers"};
        c->gemm.c = w->peer_out;
        c->gemm_bf16 = w->gemm_bf16;
        c->gemm_bf16.c = w->peer_out;
        if (ready[i]) c->why_not = prepare_peer(w, c);
        if (c->why_not) continue;
        c->side = w->n_sides++;
        w->sides[c->side] = (struct cb_side){.call = run_peer, .context = c, .own_threads = c->peer->own_threads};
        status = verify_peer(w, c, err);
    }
    return status;
}

static enum cb_status measure(struct work *w, const bool ready[PEERS], size_t repetitions, struct cb_error *err)
{
    w->sides[0] = (struct cb_side){.call = w->run, .context = w};
    w->n_sides = 1;
    enum cb_status status = w->run(w, err);
    if (!status && w->run != run_im2col) status = verify_ours(w, err);
    if (!status) status = add_peers(w, ready, err);
    if (!status) status = cb_time_in_turn(w->sides, w->n_sides, w->team, w->format, repetitions, &w->peak_gflops, err);
    return status;
}

static double rate(const struct work *w, size_t side)
{
    return w->flops / w->sides[side].median_s * 1e-9;
}

/* Our rate over the fastest peer's; 0 without peers. */
static double ratio(const struct work *w)
{
    double best = 0;
    for (size_t side = 1; side < w->n_sides; side++)
        if (rate(w, side) > best) best = rate(w, side);
    return best > 0 ? rate(w, 0) / best : 0;
}

/* --- report --- */

static void print_head(void)
{
    printf("%-18s %9s %9s %8s", "case", "ours", "peak", "of peak");
    for (size_t i = 0; i < PEERS; i++) printf(" %9s", gemm_peers[i]->name);
    printf(" %7s\n", "ratio");
}

static void print_row(const struct work *w)
{
    printf("%-18s %9.1f", w->name, rate(w, 0));
    if (w->peak_gflops > 0)
        printf(" %9.1f %7.1f%%", w->peak_gflops, 100 * rate(w, 0) / w->peak_gflops);
    else
        printf(" %9s %8s", "-", "-");
    for (size_t i = 0; i < PEERS; i++)
        if (w->peers[i].why_not)
            printf(" %9s", "-");
        else
            printf(" %9.1f", rate(w, w->peers[i].side));
    if (ratio(w) > 0)
        printf(" %7.2f\n", ratio(w));
    else
        printf(" %7s\n", "-");
    fflush(stdout);
}

static json_t *peer_json(const struct work *w, const struct contender *c)
{
    if (c->why_not) return json_pack("{s:s, s:n, s:s}", "name", c->peer->name, "gflops", "gflops_reason", c->why_not);
    return json_pack("{s:s, s:f, s:f, s:f}", "name", c->peer->name, "gflops", rate(w, c->side), "gflops_best",
                     w->flops / w->sides[c->side].best_s * 1e-9, "difference", c->difference);
}

static json_t *case_json(const struct work *w)
{
    json_t *peers = json_array();
    for (size_t i = 0; i < PEERS; i++) json_array_append_new(peers, peer_json(w, &w->peers[i]));
    json_t *row = json_pack("{s:s, s:f, s:f, s:f, s:i, s:o}", "name", w->name, "gflops", rate(w, 0), "gflops_best",
                            w->flops / w->sides[0].best_s * 1e-9, "flops", w->flops, "calls", (int)w->sides[0].calls,
                            "peers", peers);
    if (w->peak_gflops > 0) {
        json_object_set_new(row, "peak_gflops", json_real(w->peak_gflops));
        json_object_set_new(row, "share_of_peak", json_real(rate(w, 0) / w->peak_gflops));
    } else {
        json_object_set_new(row, "peak_gflops", json_null());
        json_object_set_new(row, "peak_gflops_reason", json_string("this instruction set has no dot products of bf16"));
    }
    if (ratio(w) > 0) {
        json_object_set_new(row, "ratio", json_real(ratio(w)));
    } else {
        json_object_set_new(row, "ratio", json_null());
        json_object_set_new(row, "ratio_reason", json_string("no peer computed this"));
    }
    return row;
}

static enum cb_status bench_all(const struct options *o, struct cb_team *team, const bool ready[PEERS], json_t *rows,
                                struct cb_error *err)
{
    enum { GEMMS = sizeof gemm_cases / sizeof *gemm_cases, IM2COLS = sizeof im2col_cases / sizeof *im2col_cases };
    static struct work w;
    enum cb_status status = CB_OK;
    for (size_t i = 0; i < GEMMS + IM2COLS && !status; i++) {
        const char *name = i < GEMMS ? gemm_cases[i].name : im2col_cases[i - GEMMS].name;
        if (o->name && !strstr(name, o->name)) continue;
        w = (struct work){.team = team, .caches = cb_cache_sizes_detect()};
        status =
            i < GEMMS ? plan_gemm(&w, &gemm_cases[i], err) : plan_im2col(&w, &im2col_cases[i - GEMMS], o->batch, err);
        if (!status) status = measure(&w, ready, o->repetitions, err);
        if (!status) {
            print_row(&w);
            json_array_append_new(rows, case_json(&w));
        }
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

    bool ready[PEERS] = {false};
    json_t *peers = json_array(), *environment = cb_peers_environment(), *rows = json_array();
    for (size_t i = 0; i < PEERS && o.peers; i++)
        ready[i] = cb_peers_start(peers, gemm_peers[i]->name, gemm_peers[i]->start, o.threads);
    cb_bind_threads(o.threads, NULL);
    struct cb_team *team;
    status = cb_team_create(&team, o.threads, 0, &err);
    if (status) return fail(status, &err);

    printf("# %s\n# %zu repetitions; GFLOP/s, medians\n", cb_machine_line(o.threads), o.repetitions);
    if (o.peers) cb_peers_print(peers, environment);
    print_head();
    status = bench_all(&o, team, ready, rows, &err);
    json_t *root =
        json_pack("{s:s, s:o, s:s, s:i, s:i, s:o, s:o, s:o}", "benchmark", "gemm", "machine",
                  cb_machine_json(o.threads), "isa", cb_isa_name(cb_isa_selected()), "threads", (int)o.threads,
                  "repetitions", (int)o.repetitions, "peers", peers, "environment", environment, "cases", rows);
    if (!root && !status) status = cb_fail(&err, CB_NO_MEMORY, "out of memory for the results");
    if (!status && o.json) status = cb_save_json(o.json, root, &err);
    if (!status) status = cb_finish_output(&err);
    json_decref(root);
    cb_team_destroy(team);
    return status ? fail(status, &err) : 0;
}
