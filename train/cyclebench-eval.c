/* cyclebench eval: a checkpoint on the test images. */
#include <getopt.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "bench.h"
#include "checkpoint/checkpoint.h"
#include "core/printable.h"
#include "instruments.h"
#include "loop/evaluate.h"
#include "loop/options.h"
#include "standard_files.h"

static const char program[] = "cyclebench eval";

static const char usage[] =
    "usage: cyclebench eval CHECKPOINT [options]\n"
    "\n"
    "Evaluates a safetensors file (ours, or akamaster's or chenyaofo's CIFAR ResNets) on the test set of\n"
    "the data set that has as many classes. A run directory stands for its final.safetensors.\n"
    "\n"
    "  --data DIR      CIFAR-10 or CIFAR-100: a folder that holds or is the official one, or the archive\n"
    "  --mean a,b,c    normalisation of pixels in [0, 1] (default: as in our recipes: CIFAR-10 "
    "0.4914,0.48216,0.44653)\n"
    "  --std a,b,c     (default: as in our recipes: CIFAR-10 0.24703,0.24349,0.26159)\n"
    "  --logits FILE   write the logits as safetensors, F32 [images, classes]\n"
    "  --threads N     threads (default: one per physical core this process may use)\n"
    "  --oversubscribe allows more threads than CPUs\n"
    "  --isa NAME      one of "
#include "core/isa_names.inc"
    "\n"
    "                  (default: the best here; also CYCLEBENCH_ISA)\n"
    "  --json          print one JSON object\n"
    "\n"
    "Environment: CYCLEBENCH_DATA (where the data is, without --data), CYCLEBENCH_ISA, OMP_NUM_THREADS.\n"
    "Exit: 0 done, 1 failed (also when the output could not be written), 2 wrong usage or input, also weights that "
    "give\n"
    "no finite loss.\n";

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
            return cb_end_after_output(program);
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
    char checkpoint[4096];
    struct cb_data_source source;
    struct cb_network network;
    struct cb_model *model;
    struct cb_team *team;
    struct cb_images images;
    struct cb_feed feed;
    size_t threads;
    float *logits;
};

/* The file itself, or the final.safetensors of a run directory. */
static enum cb_status find_checkpoint(char path[4096], const char *given, struct cb_error *err)
{
    struct stat st;
    const int is_run = !stat(given, &st) && S_ISDIR(st.st_mode);
    if (snprintf(path, 4096, "%s%s", given, is_run ? "/final.safetensors" : "") < 4096) return CB_OK;
    return cb_fail(err, CB_BAD_INPUT, "%.100s...: path too long", given);
}

static enum cb_status prepare(struct session *s, const struct options *o, struct cb_error *err)
{
    double mean[3], std[3];
    const struct cb_dataset *set = NULL;
    const char *reason;
    enum cb_status status = cb_isa_select(o->isa, err);
    if (status == CB_OK) status = cb_option_threads(o->threads, o->oversubscribe, &s->threads, &reason, err);
    if (status == CB_OK) status = cb_bind_threads(s->threads, NULL, err);
    if (status == CB_OK) status = find_checkpoint(s->checkpoint, o->checkpoint, err);
    if (status == CB_OK) status = cb_checkpoint_network(&s->network, s->checkpoint, err);
    if (status == CB_OK && !(set = cb_dataset_of_classes(s->network.classes)))
        status = cb_fail(err, CB_BAD_INPUT, "%s: has %zu classes, and no data set here has", s->checkpoint,
                         s->network.classes);
    if (status == CB_OK) status = cb_option_triple("--mean", o->mean ? o->mean : set->mean, mean, err);
    if (status == CB_OK) status = cb_option_triple("--std", o->std ? o->std : set->std, std, err);
    for (int i = 0; status == CB_OK && i < 3; i++)
        if (std[i] < 1e-6) status = cb_fail(err, CB_BAD_INPUT, "--std: expected 1e-6 or more, got %g", std[i]);
    if (status == CB_OK) status = cb_model_create(&s->model, &s->network, BATCH, err);
    if (status == CB_OK) status = cb_team_create(&s->team, s->threads, cb_model_scratch_bytes(&s->network), err);
    if (status == CB_OK) status = cb_checkpoint_load_weights(s->model, s->checkpoint, 0, err);
    if (status == CB_OK) status = cb_data_find(&s->source, set, o->data, err);
    const char *test = status == CB_OK ? cb_dataset_test_file(set) : NULL;
    if (status == CB_OK) status = cb_data_load(&s->images, &s->source, &test, 1, err);
    if (status != CB_OK) return status;
    s->feed.images = &s->images;
    cb_image_table(mean, std, s->feed.table);
    s->logits = malloc(s->images.n * s->network.classes * sizeof *s->logits);
    return s->logits ? CB_OK : cb_fail(err, CB_NO_MEMORY, "out of memory for the logits");
}

static enum cb_status print_json(const struct session *s, const struct cb_evaluation *e, double seconds,
                                 struct cb_error *err)
{
    char network[CB_NETWORK_NAME], shortcut[2] = {s->network.shortcut, '\0'};
    cb_network_name(&s->network, network);
    json_t *json = json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:f, s:f, s:s, s:I, s:f}", "checkpoint", s->checkpoint, "network",
        network, "shortcut", shortcut, "numerics", cb_numerics_name(s->network.numerics), "data", s->source.path,
        "data_kind", cb_data_kind_name(s->images.kind), "images", (json_int_t)e->images, "correct",
        (json_int_t)e->correct, "accuracy_percent", cb_accuracy_percent(e->correct, e->images), "mean_cross_entropy",
        e->loss, "isa", cb_isa_name(cb_isa_selected()), "threads", (json_int_t)s->threads, "seconds", seconds);
    if (!json) return cb_fail(err, CB_NO_MEMORY, "out of memory for the result");
    const int failed = json_dumpf(json, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(12)) || putchar('\n') == EOF;
    json_decref(json);
    return failed ? cb_fail(err, CB_IO_ERROR, "standard output: the result cannot be written") : CB_OK;
}

static enum cb_status write_logits(const struct session *s, const char *path, size_t images, struct cb_error *err)
{
    const struct cb_tensor t = {.name = "logits",
                                .dtype = CB_DTYPE_F32,
                                .rank = 2,
                                .dims = {images, s->network.classes},
                                .len = images * s->network.classes,
                                .bytes = images * s->network.classes * sizeof(float),
                                .data = s->logits};
    return cb_safetensors_write(path, &t, 1, NULL, 0, err);
}

static enum cb_status report(struct session *s, const struct options *o, struct cb_error *err)
{
    double start = cb_now_s();
    struct cb_evaluation e = cb_evaluate(&s->feed, s->team, s->model, BATCH, s->logits, NULL);
    double seconds = cb_now_s() - start;
    if (!isfinite(e.loss))
        return cb_fail(err, CB_BAD_INPUT,
                       "%s: the mean cross-entropy is %g: its weights hold NaN or infinity, or overflow", s->checkpoint,
                       e.loss);
    enum cb_status status = o->logits ? write_logits(s, o->logits, e.images, err) : CB_OK;
    if (status != CB_OK) return status;
    cb_make_printable(s->checkpoint);
    cb_make_printable(s->source.path);
    if (o->json) {
        status = print_json(s, &e, seconds, err);
    } else {
        printf("%s: ResNet-%zu, option %c, %s\n%s (%s)\n", s->checkpoint, cb_network_depth(&s->network),
               s->network.shortcut, cb_numerics_name(s->network.numerics), s->source.path,
               cb_data_kind_name(s->images.kind));
        printf("%zu of %zu correct, %.2f %%, mean cross-entropy %.6f; %s, %zu thread%s, %.2f s\n", e.correct, e.images,
               cb_accuracy_percent(e.correct, e.images), e.loss, cb_isa_name(cb_isa_selected()), s->threads,
               s->threads == 1 ? "" : "s", seconds);
    }
    return status == CB_OK ? cb_finish_output(err) : status;
}

int main(int argc, char **argv)
{
    cb_open_standard_files();
    struct options o = {0};
    int code = parse_options(&o, argc, argv);
    if (code >= 0) return code;
    static struct session s;
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
