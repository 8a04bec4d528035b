/* bench_conv: the convolutions of ResNet-56 beside the machine's FMA peak, measured in turn. */
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "instruments.h"
#include "kernels.h"
#include "peak.h"

enum { MAX_REPETITIONS = 1000 };

static const char usage[] =
    "usage: bench_conv [--isa NAME] [--threads N] [--batch N] [--repetitions N] [--shape TEXT] [--pass TEXT]\n"
    "\n"
    "Times the convolutions of ResNet-56 and prints GFLOP/s (2*N*K*C*R*S*P*Q a pass; backward is two) and the share of "
    "the\n"
    "FMA peak that the same threads reach in between.\n"
    "\n"
    "  --isa NAME         scalar, avx2, avx512 or neon (default: CYCLEBENCH_ISA, or the best available)\n"
    "  --threads N        default: one per physical core\n"
    "  --batch N          images (default 512)\n"
    "  --repetitions N    of each measurement (default 9)\n"
    "  --shape TEXT       only shapes whose name contains TEXT, as in --shape 3x3:\n"
    "  --pass TEXT        only this pass: forward, fused (forward) or backward (fused)\n"
    "\n"
    "Methodology: a repetition is one pass over the whole batch after a repetition of the peak loop. One set of "
    "buffers is\n"
    "used again and again: caches that hold a whole layer (see the MB column) flatter the result. median and best are "
    "over\n"
    "the repetitions; the share is the median over the median of the peak.\n";

static const struct {
    const char *name;
    enum cb_conv_kind kind;
    size_t c, side, k;
} shapes[] = {
    {"stem: 3->16 @32", CB_CONV_STEM, 3, 32, 16},      {"3x3: 16->16 @32", CB_CONV_3X3, 16, 32, 16},
    {"3x3: 32->32 @16", CB_CONV_3X3, 32, 16, 32},      {"3x3: 64->64 @8", CB_CONV_3X3, 64, 8, 64},
    {"3x3s2: 16->32 @32", CB_CONV_3X3_S2, 16, 32, 32}, {"3x3s2: 32->64 @16", CB_CONV_3X3_S2, 32, 16, 64},
    {"1x1s2: 16->32 @32", CB_CONV_1X1_S2, 16, 32, 32}, {"1x1s2: 32->64 @16", CB_CONV_1X1_S2, 32, 16, 64},
};

enum pass { FORWARD, FUSED, BACKWARD, PASSES };
static const char *const pass_names[PASSES] = {"forward", "fused", "backward"};

struct options {
    const char *isa, *shape, *pass;
    size_t threads, batch, repetitions;
};

static size_t parse_count(const char *name, const char *text, size_t max)
{
    char *end;
    errno = 0;
    unsigned long value = strtoul(text, &end, 10);
    if (errno || *end || end == text || *text == '-' || value < 1 || value > max) {
        fprintf(stderr, "bench_conv: --%s: expected 1 to %zu, got '%s'\n", name, max, text);
        exit(2);
    }
    return value;
}

static struct options parse_options(int argc, char **argv)
{
    static const struct option names[] = {
        {"isa", required_argument, NULL, 'i'},   {"threads", required_argument, NULL, 't'},
        {"batch", required_argument, NULL, 'b'}, {"repetitions", required_argument, NULL, 'r'},
        {"shape", required_argument, NULL, 's'}, {"pass", required_argument, NULL, 'p'},
        {"help", no_argument, NULL, 'h'},        {0},
    };
    struct options o = {.batch = 512, .repetitions = 9};
    for (int c; (c = getopt_long(argc, argv, "", names, NULL)) != -1;) {
        switch (c) {
        case 'i':
            o.isa = optarg;
            break;
        case 't':
            o.threads = parse_count("threads", optarg, 4096);
            break;
        case 'b':
            o.batch = parse_count("batch", optarg, 65536);
            break;
        case 'r':
            o.repetitions = parse_count("repetitions", optarg, MAX_REPETITIONS);
            break;
        case 's':
            o.shape = optarg;
            break;
        case 'p':
            o.pass = optarg;
            break;
        case 'h':
            fputs(usage, stdout);
            exit(0);
        default:
            fputs(usage, stderr);
            exit(2);
        }
    }
    bool known = !o.pass;
    for (enum pass pass = FORWARD; pass < PASSES && !known; pass++) known = !strcmp(o.pass, pass_names[pass]);
    if (!known) {
        fprintf(stderr, "bench_conv: --pass: expected forward, fused or backward, got '%s'\n", o.pass);
        exit(2);
    }
    if (optind < argc) {
        fprintf(stderr, "bench_conv: unexpected argument '%s'\n%s", argv[optind], usage);
        exit(2);
    }
    return o;
}

/* --- buffers of one case --- */

enum { MAX_BUFFERS = 24 };

struct buffers {
    float *list[MAX_BUFFERS];
    size_t n, floats;
};

/* n floats in +-1, 64-byte aligned; freed with the case. */
static float *buffer(struct buffers *b, size_t n)
{
    float *p = aligned_alloc(64, (n * sizeof *p + 63) / 64 * 64);
    if (!p) {
        fprintf(stderr, "bench_conv: out of memory for %zu more floats; use a smaller --batch\n", n);
        exit(1);
    }
    for (size_t i = 0; i < n; i += 4) {
        uint32_t bits[4];
        cb_random_bits(b->n, CB_RANDOM_SYNTHETIC, 0, i, bits);
        for (size_t j = 0; j < 4 && i + j < n; j++) p[i + j] = 2 * cb_random_unit(bits[j]) - 1;
    }
    b->list[b->n++] = p;
    b->floats += n;
    return p;
}

static void release(struct buffers *b)
{
    for (size_t i = 0; i < b->n; i++) free(b->list[i]);
    *b = (struct buffers){0};
}

struct work {
    enum pass pass;
    struct cb_conv_fwd fwd;
    struct cb_conv_bwd bwd;
    double flops;
};

static struct work plan(struct buffers *b, const struct cb_conv_shape *s, enum pass pass)
{
    size_t in = s->n * s->c * s->h * s->w, out = s->n * s->k * cb_conv_out_h(s) * cb_conv_out_w(s);
    bool stem = s->kind == CB_CONV_STEM;
    struct work w = {.pass = pass, .flops = cb_conv_flops(s) * (pass == BACKWARD && !stem ? 2 : 1)};
    struct cb_source source = {.x = buffer(b, in)};
    if (pass != FORWARD && !stem) source.scale = buffer(b, s->c), source.shift = buffer(b, s->c);
    if (pass == BACKWARD) {
        w.bwd = (struct cb_conv_bwd){
            .shape = *s,
            .source = source,
            .dy = {buffer(b, out), buffer(b, out), buffer(b, s->k), buffer(b, s->k), buffer(b, s->k)},
            .dw_groups = buffer(b, CB_IMAGE_GROUPS * cb_conv_weights(s)),
            .dw = buffer(b, cb_conv_weights(s))};
        if (stem) return w;
        w.bwd.wt = buffer(b, cb_conv_weights(s));
        w.bwd.skip = buffer(b, in);
        w.bwd.masked = 1;
        w.bwd.bn_y = buffer(b, in);
        w.bwd.bn_mean = buffer(b, s->c);
        w.bwd.dx = buffer(b, in);
        w.bwd.sums = buffer(b, s->n * s->c * 2);
        return w;
    }
    w.fwd =
        (struct cb_conv_fwd){.shape = *s, .source = source, .w = buffer(b, cb_conv_weights(s)), .y = buffer(b, out)};
    if (pass == FUSED) {
        if (!stem) w.fwd.source.residual = buffer(b, in), w.fwd.source.z = buffer(b, in);
        w.fwd.stats = buffer(b, s->n * s->k * 2);
    }
    return w;
}

static void run(struct cb_team *team, const struct work *w)
{
    if (w->pass == BACKWARD)
        cb_conv_backward(team, &w->bwd);
    else
        cb_conv_forward(team, &w->fwd);
}

/* --- measurement --- */

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values, size_t n)
{
    qsort(values, n, sizeof *values, by_value);
    return n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

static void measure(struct cb_team *team, const char *name, const struct work *w, size_t floats, size_t repetitions)
{
    static double rates[MAX_REPETITIONS], peaks[MAX_REPETITIONS];
    run(team, w);
    for (size_t i = 0; i < repetitions; i++) {
        peaks[i] = cb_fma_peak_gflops(cb_isa_selected(), team);
        double start = cb_now_s();
        run(team, w);
        rates[i] = w->flops / (cb_now_s() - start) * 1e-9;
    }
    double mid = median(rates, repetitions), peak = median(peaks, repetitions);
    printf("%-18s %-9s %8.1f %8.1f %8.1f %6.1f%% %8.1f\n", name, pass_names[w->pass], mid, rates[repetitions - 1], peak,
           100 * mid / peak, (double)floats * sizeof(float) * 1e-6);
    fflush(stdout);
}

int main(int argc, char **argv)
{
    struct options o = parse_options(argc, argv);
    struct cb_error err;
    enum cb_status status = cb_isa_select(o.isa, &err);
    if (status != CB_OK) {
        fprintf(stderr, "bench_conv: %s\n", err.text);
        return status == CB_BAD_INPUT ? 2 : 1;
    }
    if (!o.threads) o.threads = cb_default_threads(NULL);
    cb_bind_threads(o.threads, NULL);

    struct buffers b = {0};
    size_t measured = 0;
    printf("# %s\n# batch %zu, %zu repetitions; GFLOP/s\n", cb_machine_line(o.threads), o.batch, o.repetitions);
    printf("%-18s %-9s %8s %8s %8s %7s %8s\n", "shape", "pass", "median", "best", "peak", "share", "MB");
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        if (o.shape && !strstr(shapes[i].name, o.shape)) continue;
        struct cb_conv_shape s = {shapes[i].kind, o.batch, shapes[i].c, shapes[i].side, shapes[i].side, shapes[i].k};
        struct cb_team *team;
        if (cb_team_create(&team, o.threads, cb_conv_scratch_bytes(&s), &err) != CB_OK) {
            fprintf(stderr, "bench_conv: %s\n", err.text);
            return 1;
        }
        for (enum pass pass = FORWARD; pass < PASSES; pass++) {
            if (o.pass && strcmp(o.pass, pass_names[pass])) continue;
            struct work w = plan(&b, &s, pass);
            measure(team, shapes[i].name, &w, b.floats, o.repetitions);
            release(&b);
            measured++;
        }
        cb_team_destroy(team);
    }
    if (!measured) {
        fprintf(stderr, "bench_conv: --shape: no name contains '%s'; without --shape all are listed\n", o.shape);
        return 2;
    }
    return 0;
}
