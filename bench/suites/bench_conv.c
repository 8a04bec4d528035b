/* bench_conv: the convolutions of ResNet-56 beside oneDNN's and the machine's FMA peak, measured in turn. */
#include <getopt.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "conv_case.h"
#include "instruments.h"
#include "kernels.h"
#include "peers.h"
#include "turns.h"

static const char usage[] =
    "usage: bench_conv [options]\n"
    "\n"
    "Times the convolutions of ResNet-56 in fp32 and the same ones in oneDNN, and prints milliseconds, GFLOP/s\n"
    "(2*N*K*C*R*S*P*Q a pass; backward is two), the share of the FMA peak that the same threads reach in between, and\n"
    "oneDNN's time over ours.\n"
    "\n"
    "  --isa NAME         of ours: scalar, avx2, avx512, avx512bf16 or neon (default: CYCLEBENCH_ISA, or the best "
    "available);\n"
    "                     oneDNN chooses by itself, unless ONEDNN_MAX_CPU_ISA is set\n"
    "  --threads N        of both (default: one per physical core)\n"
    "  --batch N          images (default 512)\n"
    "  --repetitions N    of each measurement (default 9)\n"
    "  --shape TEXT       only shapes whose name contains TEXT, as in --shape 3x3:\n"
    "  --pass NAME        only this pass: forward, fused-forward, backward or fused-backward\n"
    "  --no-peers         without oneDNN\n"
    "  --json FILE        also write the results to FILE, with every algorithm of oneDNN\n"
    "\n"
    "Methodology: a repetition is the FMA peak, then ours, then oneDNN's algorithms (direct, winograd, auto), each as\n"
    "many calls as fill 20 ms, of which the mean counts; numbers are medians over the repetitions. Before that, every\n"
    "result of oneDNN is compared with ours. oneDNN chooses its layouts, and reorders from and to ours are not timed.\n"
    "Plain passes are compared: our backward (dX and dW in one) with the sum of oneDNN's fastest dX and fastest dW. "
    "The\n"
    "fused ones, with batch norm, ReLU, residual and sums inside, have no peer. The strided 1x1 computes dX at even "
    "rows\n"
    "and columns only, as the others are 0; oneDNN writes all. One set of buffers is used again and again: caches "
    "that\n"
    "hold a whole layer (see the MB column, ours) flatter the result.\n"
    "\n"
    "Exit status: 0 done (also without oneDNN), 1 failure or a wrong result, 2 wrong usage.\n";

static const struct {
    const char *name;
    enum cb_conv_kind kind;
    size_t c, side, k;
} shapes[] = {
    {"stem: 3->16 @32", CB_CONV_STEM, 3, 32, 16},      {"3x3: 16->16 @32", CB_CONV_3X3, 16, 32, 16},
    {"3x3: 32->32 @16", CB_CONV_3X3, 32, 16, 32},      {"3x3: 64->64 @8", CB_CONV_3X3, 64, 8, 64},
    {"F4: 16->16 @32", CB_CONV_WINOGRAD, 16, 32, 16},  {"F4: 32->32 @16", CB_CONV_WINOGRAD, 32, 16, 32},
    {"F4: 64->64 @8", CB_CONV_WINOGRAD, 64, 8, 64},    {"3x3s2: 16->32 @32", CB_CONV_3X3_S2, 16, 32, 32},
    {"3x3s2: 32->64 @16", CB_CONV_3X3_S2, 32, 16, 64}, {"1x1s2: 16->32 @32", CB_CONV_1X1_S2, 16, 32, 32},
    {"1x1s2: 32->64 @16", CB_CONV_1X1_S2, 32, 16, 64},
};

static const char *const pass_names[CASE_PASSES] = {"forward", "fused-forward", "backward", "fused-backward"};
static const char *const peer_pass_names[CB_CONV_PASSES] = {"forward", "backward data", "backward weights"};

struct options {
    const char *isa, *shape, *pass, *json;
    size_t threads, batch, repetitions;
    bool peers;
};

static int fail(enum cb_status status, const struct cb_error *err)
{
    fprintf(stderr, "bench_conv: %s\n", err->text);
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
        {"isa", required_argument, NULL, 'i'},   {"threads", required_argument, NULL, 't'},
        {"batch", required_argument, NULL, 'b'}, {"repetitions", required_argument, NULL, 'r'},
        {"shape", required_argument, NULL, 's'}, {"pass", required_argument, NULL, 'p'},
        {"no-peers", no_argument, NULL, 'n'},    {"json", required_argument, NULL, 'j'},
        {"help", no_argument, NULL, 'h'},        {0},
    };
    struct options o = {.batch = 512, .repetitions = 9, .peers = true};
    for (int c; (c = getopt_long(argc, argv, "", names, NULL)) != -1;) {
        switch (c) {
        case 'i':
            o.isa = optarg;
            break;
        case 't':
            o.threads = count_option("--threads", 4096);
            break;
        case 'b':
            o.batch = count_option("--batch", 65536);
            break;
        case 'r':
            o.repetitions = count_option("--repetitions", CB_MAX_REPETITIONS);
            break;
        case 's':
            o.shape = optarg;
            break;
        case 'p':
            o.pass = optarg;
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
            fputs("Try bench_conv --help.\n", stderr);
            exit(2);
        }
    }
    bool known = !o.pass;
    for (enum case_pass pass = FORWARD; pass < CASE_PASSES && !known; pass++) known = !strcmp(o.pass, pass_names[pass]);
    if (!known) {
        fprintf(stderr, "bench_conv: --pass: expected forward, fused-forward, backward or fused-backward, got '%s'\n",
                o.pass);
        exit(2);
    }
    if (optind < argc) {
        fprintf(stderr, "bench_conv: unexpected argument '%s'\nTry bench_conv --help.\n", argv[optind]);
        exit(2);
    }
    return o;
}

/* --- one case and what is timed beside it --- */

/* A peer's pass with one algorithm. */
struct rival {
    enum cb_conv_pass pass;
    size_t algorithm;
    struct cb_conv_plan *plan;
    double difference;
    size_t side; /* index into sides */
    struct cb_error why_not;
};

enum { MAX_RIVALS = 8, MAX_SIDES = MAX_RIVALS + 1 };

struct contest {
    const char *name;
    struct conv_case ours;
    const struct cb_conv_peer *peer; /* NULL: none, for the reason below */
    const char *no_peer;
    struct rival rivals[MAX_RIVALS];
    size_t n_rivals;
    struct cb_side sides[MAX_SIDES];
    size_t n_sides;
    double peak_gflops;
    const struct rival *best[CB_CONV_PASSES];
    double peer_s; /* 0: no result */
};

/* Winograd in fp32 loses some digits; a wrong tap or border differs by more than this. */
static const double tolerance = 1e-3;

static enum cb_status verify(struct contest *c, struct rival *r, struct cb_error *err)
{
    size_t n = conv_case_result_size(&c->ours, r->pass);
    float *expected = malloc(2 * n * sizeof *expected);
    if (!expected) return cb_fail(err, CB_NO_MEMORY, "out of memory to compare results; use a smaller --batch");
    enum cb_status status = c->peer->run(r->plan, err);
    if (!status) status = c->peer->result(r->plan, expected + n, err);
    conv_case_result(&c->ours, r->pass, expected);
    if (!status) r->difference = cb_worst_difference(expected, expected + n, n);
    free(expected);
    if (status || r->difference <= tolerance) return status;
    return cb_fail(err, CB_UNAVAILABLE, "%s %s: %s's %s result differs from ours by %.1e of the largest value", c->name,
                   peer_pass_names[r->pass], c->peer->name, c->peer->algorithm_names[r->algorithm], r->difference);
}

static enum cb_status run_rival(void *context, struct cb_error *err)
{
    const struct rival *r = context;
    return cb_conv_onednn.run(r->plan, err);
}

static enum cb_status add_rival(struct contest *c, enum cb_conv_pass pass, size_t algorithm,
                                const struct cb_conv_tensors *tensors, struct cb_error *err)
{
    struct rival *r = &c->rivals[c->n_rivals++];
    *r = (struct rival){.pass = pass, .algorithm = algorithm};
    enum cb_status status = c->peer->create(&r->plan, &c->ours.shape, pass, algorithm, tensors, &r->why_not);
    if (status == CB_UNAVAILABLE) return CB_OK;
    if (status) return cb_fail(err, status, "%s", r->why_not.text);
    r->side = c->n_sides++;
    c->sides[r->side] = (struct cb_side){.call = run_rival, .context = r};
    return verify(c, r, err);
}

static enum cb_status add_rivals(struct contest *c, struct cb_error *err)
{
    bool backward = c->ours.pass == BACKWARD;
    float *w = malloc(cb_conv_weights(&c->ours.shape) * sizeof *w);
    if (!w) return cb_fail(err, CB_NO_MEMORY, "out of memory for weights");
    conv_case_oihw(&c->ours, w);
    struct cb_conv_tensors tensors = {backward ? c->ours.bwd.source.x : c->ours.fwd.source.x, w, c->ours.bwd.dy.g};
    enum cb_status status = conv_case_run(&c->ours, err);
    for (enum cb_conv_pass pass = CB_CONV_FORWARD; pass < CB_CONV_PASSES; pass++) {
        if (backward == (pass == CB_CONV_FORWARD)) continue;
        if (pass == CB_CONV_BACKWARD_DATA && !c->ours.bwd.dx) continue;
        for (size_t i = 0; i < c->peer->algorithms && !status; i++) status = add_rival(c, pass, i, &tensors, err);
    }
    free(w);
    return status;
}

/* The fastest of each pass; their sum is what ours is compared with. */
static void choose_best(struct contest *c)
{
    bool complete = c->n_rivals > 0;
    for (size_t i = 0; i < c->n_rivals; i++) {
        const struct rival *r = &c->rivals[i], **best = &c->best[r->pass];
        if (r->plan && (!*best || c->sides[r->side].median_s < c->sides[(*best)->side].median_s)) *best = r;
    }
    for (size_t i = 0; i < c->n_rivals; i++) complete = complete && c->best[c->rivals[i].pass];
    if (!complete) return;
    for (size_t pass = 0; pass < CB_CONV_PASSES; pass++)
        if (c->best[pass]) c->peer_s += c->sides[c->best[pass]->side].median_s;
}

static enum cb_status measure(struct contest *c, size_t repetitions, struct cb_error *err)
{
    c->sides[0] = (struct cb_side){.call = conv_case_run, .context = &c->ours};
    c->n_sides = 1;
    enum cb_status status = c->peer ? add_rivals(c, err) : CB_OK;
    if (!status)
        status = cb_time_in_turn(c->sides, c->n_sides, c->ours.team, CB_F32, repetitions, &c->peak_gflops, err);
    if (!status) choose_best(c);
    return status;
}

static void release(struct contest *c)
{
    for (size_t i = 0; i < c->n_rivals; i++)
        if (c->rivals[i].plan) c->peer->destroy(c->rivals[i].plan);
    conv_case_release(&c->ours);
}

/* --- report --- */

static void print_head(void)
{
    printf("%-18s %-14s %9s %8s %8s %8s %7s %10s %6s  %s\n", "shape", "pass", "ours ms", "GFLOP/s", "peak", "of peak",
           "MB", "oneDNN ms", "ratio", "oneDNN's fastest");
}

static void print_row(const struct contest *c)
{
    double seconds = c->sides[0].median_s, gflops = c->ours.flops / seconds * 1e-9;
    printf("%-18s %-14s %9.3f %8.1f %8.1f %7.1f%% %7.1f", c->name, pass_names[c->ours.pass], seconds * 1e3, gflops,
           c->peak_gflops, 100 * gflops / c->peak_gflops, (double)c->ours.floats * sizeof(float) * 1e-6);
    if (c->peer_s > 0)
        printf(" %10.3f %6.2f", c->peer_s * 1e3, c->peer_s / seconds);
    else
        printf(" %10s %6s", "-", "-");
    const char *separator = "  ";
    for (size_t pass = 0; pass < CB_CONV_PASSES; pass++) {
        const struct rival *best = c->best[pass];
        if (!best) continue;
        printf("%s%s %s", separator, c->peer->algorithm_names[best->algorithm], c->peer->implementation(best->plan));
        separator = " + ";
    }
    printf("\n");
    fflush(stdout);
}

static json_t *rival_json(const struct contest *c, const struct rival *r)
{
    json_t *row = json_pack("{s:s, s:s, s:s}", "name", c->peer->name, "pass", peer_pass_names[r->pass], "algorithm",
                            c->peer->algorithm_names[r->algorithm]);
    if (!r->plan) {
        json_object_set_new(row, "seconds", json_null());
        json_object_set_new(row, "seconds_reason", json_string(r->why_not.text));
        return row;
    }
    json_object_set_new(row, "seconds", json_real(c->sides[r->side].median_s));
    json_object_set_new(row, "seconds_best", json_real(c->sides[r->side].best_s));
    json_object_set_new(row, "implementation", json_string(c->peer->implementation(r->plan)));
    json_object_set_new(row, "fastest", json_boolean(c->best[r->pass] == r));
    json_object_set_new(row, "difference", json_real(r->difference));
    return row;
}

static json_t *case_json(const struct contest *c)
{
    double seconds = c->sides[0].median_s, gflops = c->ours.flops / seconds * 1e-9;
    json_t *rivals = json_array();
    for (size_t i = 0; i < c->n_rivals; i++) json_array_append_new(rivals, rival_json(c, &c->rivals[i]));
    json_t *row = json_pack("{s:s, s:s, s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:o}", "name", c->name, "pass",
                            pass_names[c->ours.pass], "seconds", seconds, "seconds_best", c->sides[0].best_s, "gflops",
                            gflops, "fma_peak_gflops", c->peak_gflops, "share_of_peak", gflops / c->peak_gflops,
                            "flops", c->ours.flops, "bytes", (double)c->ours.floats * sizeof(float), "peers", rivals);
    if (c->peer_s > 0) {
        json_object_set_new(row, "peer_seconds", json_real(c->peer_s));
        json_object_set_new(row, "ratio", json_real(c->peer_s / seconds));
    } else {
        json_object_set_new(row, "ratio", json_null());
        json_object_set_new(row, "ratio_reason",
                            json_string(c->no_peer ? c->no_peer : "not offered for this shape by the peer"));
    }
    return row;
}

/* --- all cases --- */

struct bench {
    const struct options *o;
    const struct cb_conv_peer *peer;
    const char *no_peer;
    json_t *rows;
    struct ratios {
        double log_sum;
        size_t n;
    } ratios[CASE_PASSES];
};

static enum cb_status bench_case(struct bench *b, struct cb_team *team, const char *name, const struct cb_conv_shape *s,
                                 enum case_pass pass, struct cb_error *err)
{
    static struct contest c;
    bool fused = pass == FUSED_FORWARD || pass == FUSED_BACKWARD;
    c = (struct contest){.name = name, .peer = fused ? NULL : b->peer, .no_peer = fused ? "fused" : b->no_peer};
    enum cb_status status = conv_case_plan(&c.ours, team, s, pass, err);
    if (!status) status = measure(&c, b->o->repetitions, err);
    if (!status) {
        print_row(&c);
        json_array_append_new(b->rows, case_json(&c));
        if (c.peer_s > 0) {
            b->ratios[pass].log_sum += log(c.peer_s / c.sides[0].median_s);
            b->ratios[pass].n++;
        }
    }
    release(&c);
    return status;
}

static enum cb_status bench_all(struct bench *b, struct cb_error *err)
{
    const struct options *o = b->o;
    enum cb_status status = CB_OK;
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes && !status; i++) {
        if (o->shape && !strstr(shapes[i].name, o->shape)) continue;
        struct cb_conv_shape s = {shapes[i].kind, o->batch, shapes[i].c, shapes[i].side, shapes[i].side, shapes[i].k};
        struct cb_team *team;
        status = cb_team_create(&team, o->threads, cb_conv_scratch_bytes(&s), err);
        for (enum case_pass pass = FORWARD; pass < CASE_PASSES && !status; pass++)
            if (!o->pass || !strcmp(o->pass, pass_names[pass]))
                status = bench_case(b, team, shapes[i].name, &s, pass, err);
        cb_team_destroy(team);
    }
    if (!status && json_array_size(b->rows) == 0)
        status = cb_fail(err, CB_BAD_INPUT, "--shape: no name contains '%s'; without --shape all are listed", o->shape);
    return status;
}

/* Of the passes that were compared, and of them all. */
static json_t *mean_ratios(const struct bench *b)
{
    json_t *means = json_object();
    struct ratios all = {0};
    for (size_t pass = 0; pass < CASE_PASSES; pass++) {
        const struct ratios *r = &b->ratios[pass];
        if (r->n) json_object_set_new(means, pass_names[pass], json_real(exp(r->log_sum / (double)r->n)));
        all.log_sum += r->log_sum;
        all.n += r->n;
    }
    if (!all.n) return means;
    json_object_set_new(means, "all", json_real(exp(all.log_sum / (double)all.n)));
    printf("# geometric mean of %zu ratios:", all.n);
    const char *name;
    json_t *mean;
    json_object_foreach(means, name, mean) printf(" %s %.2f", name, json_real_value(mean));
    printf("\n");
    return means;
}

int main(int argc, char **argv)
{
    struct options o = parse_options(argc, argv);
    struct cb_error err;
    enum cb_status status = cb_isa_select(o.isa, &err);
    if (status) return fail(status, &err);
    if (!o.threads) o.threads = cb_default_threads(NULL);

    struct bench b = {.o = &o, .rows = json_array(), .no_peer = "--no-peers"};
    json_t *peers = json_array(), *environment = cb_peers_environment();
    if (o.peers) {
        bool ready = cb_peers_start(peers, cb_conv_onednn.name, cb_conv_onednn.start, o.threads);
        b.peer = ready ? &cb_conv_onednn : NULL;
        b.no_peer = ready ? NULL : "the peer is not here";
    }
    cb_bind_threads(o.threads, NULL);

    printf("# %s\n# batch %zu, %zu repetitions; medians\n", cb_machine_line(o.threads), o.batch, o.repetitions);
    if (o.peers) cb_peers_print(peers, environment);
    print_head();
    status = bench_all(&b, &err);
    json_t *root = json_pack("{s:s, s:o, s:s, s:i, s:i, s:i, s:o, s:o, s:o, s:o}", "benchmark", "conv", "machine",
                             cb_machine_json(o.threads), "isa", cb_isa_name(cb_isa_selected()), "threads",
                             (int)o.threads, "batch", (int)o.batch, "repetitions", (int)o.repetitions, "peers", peers,
                             "environment", environment, "cases", b.rows, "geometric_mean_ratios", mean_ratios(&b));
    if (!root && !status) status = cb_fail(&err, CB_NO_MEMORY, "out of memory for the results");
    if (!status && o.json) status = cb_save_json(o.json, root, &err);
    if (!status) status = cb_finish_output(&err);
    json_decref(root);
    return status ? fail(status, &err) : 0;
}
