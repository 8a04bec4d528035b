/* bench_step: a whole training step beside PyTorch's and the machine's FMA peak, measured in turn. */
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"
#include "find.h"
#include "instruments.h"
#include "kernels.h"
#include "loop/feed.h"
#include "model/model.h"
#include "peak.h"
#include "peer.h"

static const char usage[] =
    "usage: bench_step [options]\n"
    "\n"
    "Times a training step (forward, loss, backward, SGD) of a CIFAR ResNet and prints images/s, the share of the FMA\n"
    "peak, memory, where the time goes, and the same step in PyTorch.\n"
    "\n"
    "  --depth N          20, 32, 44, 56 or 110 (default 56)\n"
    "  --shortcut A|B     default B\n"
    "  --batch N          images (default 512)\n"
    "  --numerics NAME    a numerics version of the recipes (default fp32-winograd)\n"
    "  --isa NAME         scalar, avx2, avx512, avx512bf16 or neon (default: CYCLEBENCH_ISA, or the best available)\n"
    "  --threads N        of both (default: one per physical core)\n"
    "  --oversubscribe    allows more threads than CPUs\n"
    "  --repetitions N    of each measurement (default 7)\n"
    "  --no-torch         without PyTorch\n"
    "  --python PROGRAM   the Python that has PyTorch (default /usr/bin/python3)\n"
    "  --peer FILE        the peer's script (default: torch_step.py beside the program)\n"
    "  --json FILE        also write the results to FILE\n"
    "\n"
    "Methodology: after one step each to warm up, a repetition is the FMA peak, two steps of ours, two of PyTorch's\n"
    "(with a bf16 version of ours, two more under bf16 autocast); each waits until the other's threads sleep. The\n"
    "second of two is timed, on both sides: the first finds the machine as the other side left it, which a training\n"
    "meets once. Where the time goes is of both. PyTorch runs in a process of its own with channels_last and as many\n"
    "threads.\n"
    "The images lie in memory; augmenting them is not part of the step, but timed by itself. The flops are\n"
    "those of direct convolution, three passes over all layers: 2 * 3 * 125.75 million an image for ResNet-56.\n"
    "\n"
    "Exit status: 0 done (also without PyTorch), 1 failure, 2 wrong usage.\n";

struct options {
    struct cb_network network;
    size_t batch, threads, repetitions;
    const char *isa, *python, *peer, *json;
    bool torch, oversubscribe;
};

static int fail(enum cb_status status, const struct cb_error *err)
{
    fprintf(stderr, "bench_step: %s\n", err->text);
    return status == CB_BAD_INPUT || status == CB_UNAVAILABLE ? 2 : 1;
}

static void refuse(const struct cb_error *err)
{
    fprintf(stderr, "bench_step: %s\nTry bench_step --help.\n", err->text);
    exit(2);
}

static size_t count_option(const char *option, size_t max)
{
    struct cb_error err;
    size_t value;
    if (cb_parse_count(option, optarg, max, &value, &err)) refuse(&err);
    return value;
}

static enum cb_numerics numerics_option(void)
{
    enum cb_numerics n = cb_numerics_find(optarg);
    if (n < CB_NUMERICS_COUNT) return n;
    char names[256] = "";
    for (n = 0; n < CB_NUMERICS_COUNT; n++) {
        if (n) strncat(names, ", ", sizeof names - strlen(names) - 1);
        strncat(names, cb_numerics_name(n), sizeof names - strlen(names) - 1);
    }
    struct cb_error err;
    cb_fail(&err, CB_BAD_INPUT, "--numerics: expected one of %s, got '%s'", names, optarg);
    refuse(&err);
    exit(2);
}

static struct options parse_options(int argc, char **argv)
{
    static const struct option names[] = {
        {"depth", required_argument, NULL, 'd'},   {"shortcut", required_argument, NULL, 's'},
        {"batch", required_argument, NULL, 'b'},   {"numerics", required_argument, NULL, 'u'},
        {"isa", required_argument, NULL, 'i'},     {"threads", required_argument, NULL, 't'},
        {"oversubscribe", no_argument, NULL, 'o'}, {"repetitions", required_argument, NULL, 'r'},
        {"no-torch", no_argument, NULL, 'n'},      {"python", required_argument, NULL, 'p'},
        {"peer", required_argument, NULL, 'e'},    {"json", required_argument, NULL, 'j'},
        {"help", no_argument, NULL, 'h'},          {0},
    };
    struct options o = {
        .batch = 512,
        .repetitions = 7,
        .python = "/usr/bin/python3",
        .torch = true,
    };
    size_t depth = 56;
    char shortcut = 'B';
    enum cb_numerics numerics = CB_FP32_WINOGRAD;
    for (int c; (c = getopt_long(argc, argv, "", names, NULL)) != -1;) {
        switch (c) {
        case 'd':
            depth = count_option("--depth", 110);
            break;
        case 's':
            shortcut = optarg[0] && !optarg[1] ? optarg[0] : '?';
            break;
        case 'b':
            o.batch = count_option("--batch", CB_MAX_BATCH);
            break;
        case 'u':
            numerics = numerics_option();
            break;
        case 'i':
            o.isa = optarg;
            break;
        case 't':
            o.threads = count_option("--threads", 4096);
            break;
        case 'o':
            o.oversubscribe = true;
            break;
        case 'r':
            o.repetitions = count_option("--repetitions", CB_MAX_REPETITIONS);
            break;
        case 'n':
            o.torch = false;
            break;
        case 'p':
            o.python = optarg;
            break;
        case 'e':
            o.peer = optarg;
            break;
        case 'j':
            o.json = optarg;
            break;
        case 'h':
            fputs(usage, stdout);
            exit(0);
        default:
            fputs("Try bench_step --help.\n", stderr);
            exit(2);
        }
    }
    o.network = cb_network_resnet(depth);
    o.network.shortcut = shortcut;
    o.network.init = CB_INIT_TORCH03;
    o.network.numerics = numerics;
    struct cb_error err;
    if (optind < argc) {
        cb_fail(&err, CB_BAD_INPUT, "unexpected argument '%s'", argv[optind]);
        refuse(&err);
    }
    return o;
}

/* --- our side --- */

/* Multiply-adds of an image in one forward pass; a training step does about three times that. */
static double network_flops(const struct cb_network *network)
{
    double n = (double)network->blocks[0], flops = 3 * 16 * 9 * 1024 + 2 * n * 16 * 16 * 9 * 1024 + 64 * 10;
    for (double c = 16, map = 256; c < 64; c *= 2, map /= 4) {
        flops += c * 2 * c * 9 * map + (2 * n - 1) * 4 * c * c * 9 * map;
        if (network->shortcut == 'B') flops += c * 2 * c * map;
    }
    return 2 * 3 * flops;
}

struct ours {
    struct cb_model *model;
    struct cb_team *team;
    struct cb_images images;
    struct cb_feed feed;
    uint32_t order[CB_MAX_BATCH];
    uint8_t labels[CB_MAX_BATCH];
    size_t batch;
    /* Of all steps but the one to warm up. */
    size_t steps;
    double seconds;
    struct cb_team_times times;
};

static enum cb_status create_ours(struct ours *ours, const struct options *o, struct cb_error *err)
{
    ours->batch = o->batch;
    enum cb_status status = cb_model_create(&ours->model, &o->network, o->batch, err);
    if (!status) status = cb_team_create(&ours->team, o->threads, cb_model_scratch_bytes(&o->network), err);
    if (status) return status;
    cb_model_init(ours->model, 1);
    ours->feed = (struct cb_feed){
        .images = &ours->images, .seed = 1, .augmentation = {.flip = 1, .crop = 1, .pad = CB_PAD_REFLECT}};
    cb_image_table((double[3]){0.4914, 0.48216, 0.44653}, (double[3]){0.24703, 0.24349, 0.26159}, ours->feed.table);
    for (uint32_t i = 0; i < o->batch; i++) ours->order[i] = i;
    return cb_synthetic_draw(&ours->images, 1, 0, o->batch, err);
}

/* The batch into the model's input, flipped and cropped. */
static double augment_s(struct ours *ours)
{
    double start = cb_now_s();
    cb_feed_batch(&ours->feed, ours->team, ours->model, ours->order, ours->batch, 0, 1, ours->labels);
    return cb_now_s() - start;
}

static double our_step_s(struct ours *ours)
{
    struct cb_team_times before = cb_team_times(ours->team), after;
    const struct cb_step_options options = {
        .n = ours->batch, .labels = ours->labels, .lr = 0.01f, .momentum = 0.9f, .weight_decay = 1e-4f};
    double start = cb_now_s();
    cb_model_train_step(ours->model, ours->team, &options);
    cb_model_update(ours->model, ours->team, &options);
    double seconds = cb_now_s() - start;
    after = cb_team_times(ours->team);
    ours->times.runs += after.runs - before.runs;
    ours->times.wall += after.wall - before.wall;
    ours->times.busy += after.busy - before.busy;
    ours->seconds += seconds;
    ours->steps++;
    return seconds;
}

/* --- PyTorch's side --- */

struct torch {
    struct cb_peer *peer; /* NULL: not there */
    bool bf16;            /* also timed under bf16 autocast */
    char about[512];
};

static bool is_there(const char *path)
{
    return !access(path, R_OK);
}

/* Started before our threads are bound and our memory is taken; builds its network meanwhile. */
static void start_torch(struct torch *torch, const struct options *o)
{
    char beside[PATH_MAX];
    const char *script = o->peer;
    if (!script && cb_find_beside_program(beside, "bench/peers/torch_step.py", "torch_step.py", is_there))
        script = beside;
    if (!script) {
        fprintf(stderr, "bench_step: going on without PyTorch: torch_step.py is not found beside the program\n");
        return;
    }
    torch->bf16 = o->network.numerics >= CB_BF16_BACKWARD;
    char depth[16], shortcut[2] = {o->network.shortcut}, batch[16], threads[16];
    snprintf(depth, sizeof depth, "%zu", cb_network_depth(&o->network));
    snprintf(batch, sizeof batch, "%zu", o->batch);
    snprintf(threads, sizeof threads, "%zu", o->threads);
    const char *argv[] = {o->python, script, "--depth",   depth,   "--shortcut", shortcut,
                          "--batch", batch,  "--threads", threads, NULL};
    struct cb_error err;
    enum cb_status status = cb_peer_start(&torch->peer, (char *const *)argv, &err);
    if (!status) status = cb_peer_ask(torch->peer, NULL, torch->about, sizeof torch->about, &err);
    if (!status && strncmp(torch->about, "ready ", 6))
        status = cb_fail(&err, CB_FAILED, "%s: expected 'ready', got '%s'", script, torch->about);
    if (!status) return;
    fprintf(stderr, "bench_step: going on without PyTorch: %s\n", err.text);
    cb_peer_stop(torch->peer);
    torch->peer = NULL;
}

static enum cb_status ask_number(struct torch *torch, const char *request, double *value, struct cb_error *err)
{
    char answer[64], *end;
    /* It had started: that it ends now is a failure at run time. */
    if (cb_peer_ask(torch->peer, request, answer, sizeof answer, err)) return CB_FAILED;
    *value = strtod(answer, &end);
    if (end == answer || *end)
        return cb_fail(err, CB_FAILED, "PyTorch: %s: expected a number, got '%s'", request, answer);
    return CB_OK;
}

/* The time of the second of two steps. */
static enum cb_status ask_step(struct torch *torch, const char *request, double *seconds, struct cb_error *err)
{
    enum cb_status status = ask_number(torch, request, seconds, err);
    return status ? status : ask_number(torch, request, seconds, err);
}

/* --- measurement --- */

struct result {
    double ours_s[CB_MAX_REPETITIONS], augment_s[CB_MAX_REPETITIONS], torch_s[CB_MAX_REPETITIONS];
    double torch_bf16_s[CB_MAX_REPETITIONS], peak[CB_MAX_REPETITIONS];
    double ours_median_s, augment_median_s, torch_median_s, torch_bf16_median_s, peak_median, ours_bytes, torch_bytes;
};

static enum cb_status measure(struct result *r, struct ours *ours, struct torch *torch, size_t repetitions,
                              struct cb_error *err)
{
    double ignored;
    enum cb_status status = CB_OK;
    augment_s(ours);
    our_step_s(ours);
    ours->steps = 0;
    ours->seconds = 0;
    ours->times = (struct cb_team_times){0};
    cb_let_threads_sleep();
    if (torch->peer) status = ask_number(torch, "step", &ignored, err);
    if (torch->peer && torch->bf16 && !status) status = ask_number(torch, "step bf16", &ignored, err);
    cb_model_profile_reset(ours->model);
    for (size_t i = 0; i < repetitions && !status; i++) {
        cb_let_threads_sleep();
        r->peak[i] = cb_fma_peak_gflops(cb_isa_selected(), ours->team);
        our_step_s(ours);
        r->augment_s[i] = augment_s(ours);
        r->ours_s[i] = our_step_s(ours);
        cb_let_threads_sleep();
        if (torch->peer) status = ask_step(torch, "step", &r->torch_s[i], err);
        if (torch->peer && torch->bf16 && !status) status = ask_step(torch, "step bf16", &r->torch_bf16_s[i], err);
    }
    r->ours_bytes = (double)cb_peak_memory_bytes();
    if (torch->peer && !status) status = ask_number(torch, "memory", &r->torch_bytes, err);
    if (status) return status;
    r->peak_median = cb_sort_median(r->peak, repetitions);
    r->ours_median_s = cb_sort_median(r->ours_s, repetitions);
    r->augment_median_s = cb_sort_median(r->augment_s, repetitions);
    if (torch->peer) r->torch_median_s = cb_sort_median(r->torch_s, repetitions);
    if (torch->peer && torch->bf16) r->torch_bf16_median_s = cb_sort_median(r->torch_bf16_s, repetitions);
    return CB_OK;
}

/* --- report --- */

static void print_row(const char *name, double batch, double median_s, double best_s, double flops, double peak,
                      double bytes)
{
    printf("%-12s %9.1f %9.1f %9.3f %9.1f %7.1f%% %9.0f\n", name, batch / median_s, batch / best_s, median_s,
           flops / median_s * 1e-9, 100 * flops / median_s * 1e-9 / peak, bytes / 1e6);
}

static void print_profile(const struct ours *ours, double peak)
{
    size_t rows;
    const struct cb_model_profile_row *row = cb_model_profile(ours->model, &rows);
    double steps = (double)ours->steps;
    printf("\n%-28s %9s %7s %9s %8s %7s\n", "where our time goes", "ms/step", "share", "GFLOP/s", "of peak", "calls");
    for (size_t i = 0; i < rows; i++) {
        if (!row[i].calls) continue;
        double rate = row[i].seconds > 0 ? row[i].flops / row[i].seconds * 1e-9 : 0;
        printf("%-28s %9.2f %6.1f%%", row[i].name, row[i].seconds / steps * 1e3, 100 * row[i].seconds / ours->seconds);
        if (row[i].flops > 0)
            printf(" %9.1f %7.1f%%", rate, 100 * rate / peak);
        else
            printf(" %9s %8s", "-", "-");
        printf(" %7.0f\n", (double)row[i].calls / steps);
    }
}

/* Of the threads' time in the calls of the team: what they did not spend in tasks. */
static double waiting_share(const struct cb_team_times *t, size_t threads)
{
    return 1 - t->busy / (t->wall * (double)threads);
}

static void print_report(const struct options *o, const struct result *r, const struct ours *ours,
                         const struct torch *torch)
{
    double batch = (double)o->batch, flops = batch * network_flops(&o->network);
    printf("# %s\n# ResNet-%zu, option %c, %s, batch %zu, %zu repetitions; FMA peak %.1f GFLOP/s (best %.1f)\n",
           cb_machine_line(o->threads), cb_network_depth(&o->network), o->network.shortcut,
           cb_numerics_name(o->network.numerics), o->batch, o->repetitions, r->peak_median,
           r->peak[o->repetitions - 1]);
    if (torch->peer) printf("# PyTorch: %s\n", torch->about + strlen("ready "));
    printf("%-12s %9s %9s %9s %9s %8s %9s\n", "", "images/s", "best", "s/step", "GFLOP/s", "of peak", "peak MB");
    print_row("cyclebench", batch, r->ours_median_s, r->ours_s[0], flops, r->peak_median, r->ours_bytes);
    if (torch->peer) {
        print_row("PyTorch", batch, r->torch_median_s, r->torch_s[0], flops, r->peak_median, r->torch_bytes);
        printf("%-12s %9.2f %9.2f\n", "ratio", r->torch_median_s / r->ours_median_s, r->torch_s[0] / r->ours_s[0]);
    }
    if (torch->peer && torch->bf16) {
        print_row("PyTorch bf16", batch, r->torch_bf16_median_s, r->torch_bf16_s[0], flops, r->peak_median,
                  r->torch_bytes);
        printf("%-12s %9.2f %9.2f\n", "ratio", r->torch_bf16_median_s / r->ours_median_s,
               r->torch_bf16_s[0] / r->ours_s[0]);
    }
    printf("augmenting the batch, beside the step: %.2f ms, %.2f%% of a step\n", r->augment_median_s * 1e3,
           100 * r->augment_median_s / r->ours_median_s);
    printf("threads: %.0f parallel regions a step; %.2f%% of their time in them waiting (start, imbalance, barrier)\n",
           (double)ours->times.runs / (double)ours->steps, 100 * waiting_share(&ours->times, o->threads));
    print_profile(ours, r->peak_median);
}

static json_t *side_json(const struct options *o, double median_s, const double *sorted_s, double bytes)
{
    json_t *all = json_array();
    for (size_t i = 0; i < o->repetitions; i++) json_array_append_new(all, json_real(sorted_s[i]));
    double batch = (double)o->batch, gflops = batch * network_flops(&o->network) / median_s * 1e-9;
    return json_pack("{s:f, s:f, s:f, s:f, s:f, s:o}", "images_per_second", batch / median_s, "images_per_second_best",
                     batch / sorted_s[0], "seconds", median_s, "gflops", gflops, "peak_memory_bytes", bytes,
                     "seconds_sorted", all);
}

static enum cb_status save(const struct options *o, const struct result *r, const struct ours *ours,
                           const struct torch *torch, struct cb_error *err)
{
    size_t rows;
    const struct cb_model_profile_row *row = cb_model_profile(ours->model, &rows);
    json_t *profile = json_array();
    for (size_t i = 0; i < rows; i++)
        json_array_append_new(profile, json_pack("{s:s, s:f, s:f, s:f}", "name", row[i].name, "seconds_per_step",
                                                 row[i].seconds / (double)ours->steps, "flops_per_step",
                                                 row[i].flops / (double)ours->steps, "calls_per_step",
                                                 (double)row[i].calls / (double)ours->steps));
    json_t *root = json_pack(
        "{s:s, s:o, s:i, s:s%, s:s, s:i, s:i, s:s, s:i, s:f, s:f, s:f, s:f, s:o, s:o}", "benchmark", "step", "machine",
        cb_machine_json(o->threads), "depth", (int)cb_network_depth(&o->network), "shortcut", &o->network.shortcut,
        (size_t)1, "numerics", cb_numerics_name(o->network.numerics), "batch", (int)o->batch, "threads",
        (int)o->threads, "isa", cb_isa_name(cb_isa_selected()), "repetitions", (int)o->repetitions, "fma_peak_gflops",
        r->peak_median, "augmentation_seconds", r->augment_median_s, "parallel_regions_per_step",
        (double)ours->times.runs / (double)ours->steps, "waiting_share", waiting_share(&ours->times, o->threads),
        "cyclebench", side_json(o, r->ours_median_s, r->ours_s, r->ours_bytes), "profile", profile);
    if (!root) return cb_fail(err, CB_NO_MEMORY, "out of memory for the results");
    if (torch->peer) {
        json_t *side = side_json(o, r->torch_median_s, r->torch_s, r->torch_bytes);
        json_object_set_new(side, "about", json_loads(torch->about + strlen("ready "), 0, NULL));
        json_object_set_new(root, "pytorch", side);
        json_object_set_new(root, "ratio", json_real(r->torch_median_s / r->ours_median_s));
        if (torch->bf16) {
            json_object_set_new(root, "pytorch_bf16_autocast",
                                side_json(o, r->torch_bf16_median_s, r->torch_bf16_s, r->torch_bytes));
            json_object_set_new(root, "ratio_to_bf16_autocast", json_real(r->torch_bf16_median_s / r->ours_median_s));
        }
    } else {
        json_object_set_new(root, "pytorch", json_null());
        json_object_set_new(root, "pytorch_reason", json_string(o->torch ? "could not be started" : "--no-torch"));
    }
    enum cb_status status = cb_save_json(o->json, root, err);
    json_decref(root);
    return status;
}

int main(int argc, char **argv)
{
    static struct ours ours;
    static struct result result;
    struct options o = parse_options(argc, argv);
    struct cb_error err;
    enum cb_status status = cb_isa_select(o.isa, &err);
    if (status) return fail(status, &err);
    const char *said_by = "--threads";
    if (!o.threads) o.threads = cb_default_threads(&said_by);
    status = cb_check_threads(o.threads, said_by, o.oversubscribe, &err);
    if (status) return fail(status, &err);
    struct torch torch = {0};
    if (o.torch) start_torch(&torch, &o);
    status = cb_bind_threads(o.threads, NULL, &err);

    if (!status) status = create_ours(&ours, &o, &err);
    if (!status) status = measure(&result, &ours, &torch, o.repetitions, &err);
    if (!status) print_report(&o, &result, &ours, &torch);
    if (!status && o.json) status = save(&o, &result, &ours, &torch, &err);
    if (!status) status = cb_finish_output(&err);
    cb_peer_stop(torch.peer);
    cb_images_free(&ours.images);
    cb_team_destroy(ours.team);
    cb_model_destroy(ours.model);
    return status ? fail(status, &err) : 0;
}
