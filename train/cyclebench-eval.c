/* cyclebench eval: a checkpoint on the 10,000 test images. */
#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "instruments.h"
#include "checkpoint/checkpoint.h"
#include "loop/evaluate.h"
#include "loop/options.h"

static const char program[] = "cyclebench eval";

static const char usage[] =
    "usage: cyclebench eval CHECKPOINT [options]\n"
    "\n"
    "Evaluates a safetensors file (ours, or akamaster's or chenyaofo's CIFAR ResNets) on the CIFAR-10 test set.\n"
    "\n"
    "  --data DIR      CIFAR-10: a folder that holds or is cifar-10-batches-bin, or the archive\n"
    "  --mean a,b,c    normalisation of pixels in [0, 1] (default: 0.4914,0.48216,0.44653, as in our recipes)\n"
    "  --std a,b,c     (default: 0.24703,0.24349,0.26159)\n"
    "  --logits FILE   write the logits as safetensors, F32 [images, 10]\n"
    "  --threads N     threads (default: one per physical core this process may use)\n"
    "  --oversubscribe allows more threads than CPUs\n"
    "  --isa NAME      scalar, avx2, avx512, avx512bf16 or neon (default: the best here; also CYCLEBENCH_ISA)\n"
    "  --json          print one JSON object\n";

enum { BATCH = 200 };

struct options {
    const char *checkpoint, *data, *mean, *std, *logits, *threads, *isa;
    int json, oversubscribe;
};

/* Returns -1 to go on, or the exit code. */
static int parse_options(struct options *o, int argc, char **argv)
{
    enum { DATA = 256, MEAN, STD, LOGITS, THREADS, OVERSUBSCRIBE, ISA, JSON, HELP };
    static const struct option long_options[] = {{"data", required_argument, NULL, DATA},
                                                 {"mean", required_argument, NULL, MEAN},
                                                 {"std", required_argument, NULL, STD},
                                                 {"logits", required_argument, NULL, LOGITS},
                                                 {"threads", required_argument, NULL, THREADS},
                                                 {"oversubscribe", no_argument, NULL, OVERSUBSCRIBE},
                                                 {"isa", required_argument, NULL, ISA},
                                                 {"json", no_argument, NULL, JSON},
                                                 {"help", no_argument, NULL, HELP},
                                                 {NULL, 0, NULL, 0}};
    for (int c; (c = getopt_long(argc, argv, "h", long_options, NULL)) != -1;) {
        switch (c) {
        case DATA:
            o->data = optarg;
            break;
        case MEAN:
            o->mean = optarg;
            break;
        case STD:
            o->std = optarg;
            break;
        case LOGITS:
            o->logits = optarg;
            break;
        case THREADS:
            o->threads = optarg;
            break;
        case OVERSUBSCRIBE:
            o->oversubscribe = 1;
            break;
        case ISA:
            o->isa = optarg;
            break;
        case JSON:
            o->json = 1;
            break;
        case HELP:
        case 'h':
            fputs(usage, stdout);
            return 0;
        default:
            fprintf(stderr, "try '%s --help'\n", program);
            return 2;
        }
    }
    if (optind != argc - 1) {
        fprintf(stderr, "%s: expected one CHECKPOINT, got %d\n%s", program, argc - optind, usage);
        return 2;
    }
    o->checkpoint = argv[optind];
    return -1;
}

struct session {
    struct cb_network network;
    struct cb_model *model;
    struct cb_team *team;
    struct cb_images images;
    struct cb_feed feed;
    size_t threads;
    float *logits;
};

static enum cb_status prepare(struct session *s, const struct options *o, struct cb_error *err)
{
    double mean[3] = {0.4914, 0.48216, 0.44653}, std[3] = {0.24703, 0.24349, 0.26159};
    const char *reason;
    enum cb_status status = cb_isa_select(o->isa, err);
    if (status == CB_OK) status = cb_option_threads(o->threads, o->oversubscribe, &s->threads, &reason, err);
    if (status == CB_OK) status = cb_bind_threads(s->threads, NULL, err);
    if (status == CB_OK && o->mean) status = cb_option_triple("--mean", o->mean, mean, err);
    if (status == CB_OK && o->std) status = cb_option_triple("--std", o->std, std, err);
    for (int i = 0; status == CB_OK && i < 3; i++)
        if (!(std[i] > 0)) status = cb_fail(err, CB_BAD_INPUT, "--std: must be above 0, got %g", std[i]);
    if (status == CB_OK) status = cb_checkpoint_network(&s->network, o->checkpoint, err);
    if (status == CB_OK) status = cb_team_create(&s->team, s->threads, cb_model_scratch_bytes(&s->network), err);
    if (status == CB_OK) status = cb_model_create(&s->model, &s->network, BATCH, err);
    if (status == CB_OK) status = cb_checkpoint_load_weights(s->model, o->checkpoint, 0, err);
    struct cb_data_source source;
    if (status == CB_OK) status = cb_data_find(&source, o->data, err);
    if (status == CB_OK) status = cb_data_load(&s->images, &source, &cb_cifar_test_file, 1, err);
    if (status != CB_OK) return status;
    s->feed.images = &s->images;
    cb_image_table(mean, std, s->feed.table);
    s->logits = malloc(s->images.n * CB_CLASSES * sizeof *s->logits);
    return s->logits ? CB_OK : cb_fail(err, CB_NO_MEMORY, "out of memory for the logits");
}

static enum cb_status report(const struct session *s, const struct options *o, struct cb_error *err)
{
    double start = cb_now_s();
    struct cb_evaluation e = cb_evaluate(&s->feed, s->team, s->model, BATCH, s->logits);
    double seconds = cb_now_s() - start, accuracy = cb_accuracy_percent(e.correct, e.images);
    char network[32];
    snprintf(network, sizeof network, "resnet%zu", s->network.depth);
    if (o->logits) {
        struct cb_tensor t = {.name = "logits",
                              .dtype = CB_DTYPE_F32,
                              .rank = 2,
                              .dims = {e.images, CB_CLASSES},
                              .len = e.images * CB_CLASSES,
                              .bytes = e.images * CB_CLASSES * sizeof(float),
                              .data = s->logits};
        enum cb_status status = cb_safetensors_write(o->logits, &t, 1, NULL, 0, err);
        if (status != CB_OK) return status;
    }
    if (!o->json) {
        printf("%s (option %c): %zu of %zu correct, %.2f %%, mean cross-entropy %.6f; %s, %zu threads, %.2f s\n",
               network, s->network.shortcut, e.correct, e.images, accuracy, e.loss, cb_isa_name(cb_isa_selected()),
               s->threads, seconds);
        return CB_OK;
    }
    char shortcut[2] = {s->network.shortcut, '\0'};
    json_t *json = json_pack("{s:s, s:s, s:I, s:I, s:f, s:f, s:s, s:I, s:f}", "network", network, "shortcut", shortcut,
                             "images", (json_int_t)e.images, "correct", (json_int_t)e.correct, "accuracy_percent",
                             accuracy, "mean_cross_entropy", e.loss, "isa", cb_isa_name(cb_isa_selected()), "threads",
                             (json_int_t)s->threads, "seconds", seconds);
    if (!json) return cb_fail(err, CB_BAD_INPUT, "the mean cross-entropy of %s is not finite", o->checkpoint);
    json_dumpf(json, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(json);
    return CB_OK;
}

int main(int argc, char **argv)
{
    struct options o = {0};
    int code = parse_options(&o, argc, argv);
    if (code >= 0) return code;
    struct session s = {.model = NULL};
    struct cb_error err;
    enum cb_status status = prepare(&s, &o, &err);
    if (status == CB_OK) status = report(&s, &o, &err);
    code = status == CB_OK ? 0 : cb_exit_with(program, status, &err);
    free(s.logits);
    cb_images_free(&s.images);
    cb_model_destroy(s.model);
    cb_team_destroy(s.team);
    return code;
}
