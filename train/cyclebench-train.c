/* cyclebench train: one training run into a run directory. main reads top to bottom: options, data, model, loop. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "instruments.h"
#include "loop/loop.h"
#include "loop/options.h"
#include "loop/signals.h"

static const char program[] = "cyclebench train";

static const char usage[] =
    "usage: cyclebench train RECIPE [options]\n"
    "\n"
    "Trains the recipe (a path, or the name of a file in train/recipes) and writes a run directory:\n"
    "recipe.ini, run.jsonl, last.safetensors (to resume from), final.safetensors.\n"
    "\n"
    "  --data DIR               CIFAR-10: a folder that holds or is cifar-10-batches-bin, or the archive\n"
    "  --run DIR                the run directory (default: runs/RECIPE)\n"
    "  --set section.key=value  override a key of the recipe; may be repeated\n"
    "  --threads N              threads (default: one per physical core this process may use)\n"
    "  --oversubscribe          allows more threads than CPUs\n"
    "  --isa NAME               scalar, avx2, avx512, avx512bf16 or neon (default: the best here; also "
    "CYCLEBENCH_ISA)\n"
    "  --init FILE.safetensors  start from these weights instead of the recipe's initialisation\n"
    "  --max-iterations N       stop after N iterations in all, resumable\n"
    "  --resume                 continue the run in the run directory, bit for bit\n"
    "  --quiet                  print nothing but errors\n"
    "\n"
    "Exit: 0 done, 1 failed or diverged, 2 wrong usage or input, 130 or 143 after SIGINT or SIGTERM (with a "
    "checkpoint).\n";

enum { MAX_OVERRIDES = 64 };

struct options {
    const char *recipe, *data, *run, *threads, *isa, *init, *max_iterations;
    const char *overrides[MAX_OVERRIDES];
    size_t override_count;
    int resume, quiet, oversubscribe;
};

/* Returns -1 to go on, or the exit code. */
static int parse_options(struct options *o, int argc, char **argv)
{
    enum { DATA = 256, RUN, SET, THREADS, OVERSUBSCRIBE, ISA, INIT, MAX_ITERATIONS, RESUME, QUIET, HELP };
    static const struct option long_options[] = {{"data", required_argument, NULL, DATA},
                                                 {"run", required_argument, NULL, RUN},
                                                 {"set", required_argument, NULL, SET},
                                                 {"threads", required_argument, NULL, THREADS},
                                                 {"oversubscribe", no_argument, NULL, OVERSUBSCRIBE},
                                                 {"isa", required_argument, NULL, ISA},
                                                 {"init", required_argument, NULL, INIT},
                                                 {"max-iterations", required_argument, NULL, MAX_ITERATIONS},
                                                 {"resume", no_argument, NULL, RESUME},
                                                 {"quiet", no_argument, NULL, QUIET},
                                                 {"help", no_argument, NULL, HELP},
                                                 {NULL, 0, NULL, 0}};
    for (int c; (c = getopt_long(argc, argv, "h", long_options, NULL)) != -1;) {
        switch (c) {
        case DATA:
            o->data = optarg;
            break;
        case RUN:
            o->run = optarg;
            break;
        case SET:
            if (o->override_count == MAX_OVERRIDES) {
                fprintf(stderr, "%s: more than %d --set options\n", program, MAX_OVERRIDES);
                return 2;
            }
            o->overrides[o->override_count++] = optarg;
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
        case INIT:
            o->init = optarg;
            break;
        case MAX_ITERATIONS:
            o->max_iterations = optarg;
            break;
        case RESUME:
            o->resume = 1;
            break;
        case QUIET:
            o->quiet = 1;
            break;
        case HELP:
        case 'h':
            printf("%s\nKeys of a recipe:\n%s", usage, cb_recipe_keys());
            return 0;
        default:
            fprintf(stderr, "try '%s --help'\n", program);
            return 2;
        }
    }
    if (optind != argc - 1) {
        fprintf(stderr, "%s: expected one RECIPE, got %d\n%s", program, argc - optind, usage);
        return 2;
    }
    o->recipe = argv[optind];
    return -1;
}

/* Everything that main makes and frees. */
struct session {
    struct cb_recipe recipe;
    struct cb_data_source source;
    struct cb_images train, test;
    struct cb_run run;
    char run_dir[3000];
    size_t threads;
    const char *threads_reason;
    int lock;
};

/* Splits the last `holdout` training images off into the set that is evaluated. */
static enum cb_status hold_out(struct session *s, struct cb_error *err)
{
    size_t held = s->recipe.data.holdout;
    if (held >= s->train.n)
        return cb_fail(err, CB_BAD_INPUT, "data.holdout = %zu leaves none of the %zu training images", held,
                       s->train.n);
    size_t kept = s->train.n - held;
    s->test.n = held;
    s->test.pixels = malloc(held * CB_IMAGE_PIXELS);
    s->test.labels = malloc(held);
    if (!s->test.pixels || !s->test.labels)
        return cb_fail(err, CB_NO_MEMORY, "out of memory for %zu held-out images", held);
    memcpy(s->test.pixels, s->train.pixels + kept * CB_IMAGE_PIXELS, held * CB_IMAGE_PIXELS);
    memcpy(s->test.labels, s->train.labels + kept, held);
    s->train.n = kept;
    return CB_OK;
}

static enum cb_status load_data(struct session *s, const struct options *o, struct cb_error *err)
{
    enum cb_status status = cb_data_find(&s->source, o->data, err);
    if (status != CB_OK) return status;
    char list[sizeof s->recipe.data.train_files];
    memcpy(list, s->recipe.data.train_files, sizeof list);
    const char *names[sizeof list / 2];
    size_t count = 0;
    for (char *rest = list, *name; (name = strsep(&rest, ", "));)
        if (*name) names[count++] = name;
    status = cb_data_load(&s->train, &s->source, names, count, err);
    if (status != CB_OK) return status;
    s->run.evaluated_on = s->recipe.data.holdout ? "holdout" : "test";
    status =
        s->recipe.data.holdout ? hold_out(s, err) : cb_data_load(&s->test, &s->source, &cb_cifar_test_file, 1, err);
    return status == CB_OK ? cb_recipe_resolve(&s->recipe, s->train.n, err) : status;
}

static enum cb_status make_folders(const char *path, struct cb_error *err)
{
    char part[4096];
    snprintf(part, sizeof part, "%s", path);
    for (char *p = part + 1;; p++) {
        if (*p != '/' && *p) continue;
        char kept = *p;
        *p = '\0';
        if (mkdir(part, 0777) && errno != EEXIST)
            return cb_fail(err, CB_IO_ERROR, "--run: cannot create the folder %s: %s", part, strerror(errno));
        *p = kept;
        if (!kept) return CB_OK;
    }
}

/* The run directory, locked against a second process; an old run in it is only touched by --resume. */
static enum cb_status open_run_dir(struct session *s, const struct options *o, struct cb_error *err)
{
    if (o->run && strlen(o->run) >= sizeof s->run_dir)
        return cb_fail(err, CB_BAD_INPUT, "--run: the path is longer than %zu bytes", sizeof s->run_dir - 1);
    if (o->run)
        snprintf(s->run_dir, sizeof s->run_dir, "%s", o->run);
    else
        snprintf(s->run_dir, sizeof s->run_dir, "runs/%s", s->recipe.name);
    char path[4096];
    snprintf(path, sizeof path, "%s/run.jsonl", s->run_dir);
    int exists = access(path, F_OK) == 0;
    if (exists && !o->resume)
        return cb_fail(err, CB_BAD_INPUT, "%s already holds a run; continue it with --resume, or choose another --run",
                       s->run_dir);
    if (!exists && o->resume)
        return cb_fail(err, CB_BAD_INPUT, "--resume: there is no run in %s (no run.jsonl)", s->run_dir);
    enum cb_status status = make_folders(s->run_dir, err);
    if (status != CB_OK) return status;
    snprintf(path, sizeof path, "%s/lock", s->run_dir);
    s->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (s->lock < 0) return cb_fail(err, CB_IO_ERROR, "--run: cannot create %s: %s", path, strerror(errno));
    if (flock(s->lock, LOCK_EX | LOCK_NB))
        return cb_fail(err, CB_BAD_INPUT, "%s is in use by another cyclebench train", s->run_dir);
    snprintf(s->run.last_path, sizeof s->run.last_path, "%s/last.safetensors", s->run_dir);
    snprintf(s->run.final_path, sizeof s->run.final_path, "%s/final.safetensors", s->run_dir);
    return CB_OK;
}

static enum cb_status make_model(struct session *s, const struct options *o, struct cb_error *err)
{
    const struct cb_recipe *r = &s->recipe;
    enum cb_status status = cb_team_create(&s->run.team, s->threads, cb_model_scratch_bytes(&r->network), err);
    if (status == CB_OK) status = cb_model_create(&s->run.model, &r->network, r->data.batch, err);
    if (status != CB_OK) return status;
    cb_model_init(s->run.model, r->run.seed);
    return o->init ? cb_checkpoint_load_weights(s->run.model, o->init, 1, err) : CB_OK;
}

static void make_feeds(struct session *s)
{
    struct cb_feed *feeds[] = {&s->run.train, &s->run.test};
    for (int i = 0; i < 2; i++) {
        feeds[i]->seed = s->recipe.run.seed;
        feeds[i]->augmentation = s->recipe.data.augmentation;
        cb_image_table(s->recipe.data.mean, s->recipe.data.std, feeds[i]->table);
    }
    s->run.train.images = &s->train;
    s->run.test.images = &s->test;
}

/* recipe.ini, the position and the record of a fresh or a resumed run. */
static enum cb_status open_records(struct session *s, const struct options *o, struct cb_error *err)
{
    struct cb_run *run = &s->run;
    char *text = cb_recipe_text(&s->recipe);
    if (!text) return cb_fail(err, CB_NO_MEMORY, "out of memory for the recipe's text");
    char recipe_sha256[CB_SHA256_HEX];
    cb_sha256_hex(text, strlen(text), recipe_sha256);
    char path[4096];
    enum cb_status status;
    if (o->resume) {
        status = cb_checkpoint_resume(run->model, &run->position, run->last_path, err);
        if (status == CB_OK && strcmp(run->position.recipe_sha256, recipe_sha256))
            status = cb_fail(
                err, CB_BAD_INPUT,
                "--resume: %s was trained with another recipe; compare %s/recipe.ini with %s and the --set options",
                run->last_path, s->run_dir, o->recipe);
        run->position.resumed++;
        run->seconds_before = run->position.seconds;
    } else {
        run->position = (struct cb_position){.seconds_to_target = -1};
        memcpy(run->position.recipe_sha256, recipe_sha256, sizeof recipe_sha256);
        memset(run->position.loss_chain, '0', CB_SHA256_HEX - 1);
        snprintf(path, sizeof path, "%s/recipe.ini", s->run_dir);
        status = cb_write_file(path, &(struct cb_bytes){(uint8_t *)text, strlen(text)}, 1, err);
    }
    free(text);
    if (status != CB_OK) return status;
    snprintf(path, sizeof path, "%s/run.jsonl", s->run_dir);
    status = cb_record_open(&run->record, path, o->resume ? run->position.iteration : 0, err);
    if (status != CB_OK) return status;
    if (o->resume) return cb_record_resume(run->record, run->position.iteration, run->seconds_before, err);
    return cb_record_header(run->record, &s->recipe, run->model, run->evaluated_on,
                            s->source.kind == CB_DATA_SYNTHETIC ? "synthetic" : s->source.path, s->threads, err);
}

static void print_start(const struct session *s, const char *placement)
{
    if (s->run.quiet) return;
    const struct cb_recipe *r = &s->recipe;
    struct cb_memory_plan plan;
    cb_model_memory(s->run.model, &plan);
    printf("%s\n", cb_machine_line(s->threads));
    printf("threads: %zu (%s), %s\n", s->threads, s->threads_reason, placement);
    printf("recipe %s: ResNet-%zu, option %c, %zu parameters; %zu images, batch %zu, %zu iterations; evaluated on %zu "
           "%s images\n",
           r->name, r->network.depth, r->network.shortcut, cb_model_parameter_count(s->run.model), s->train.n,
           r->data.batch, r->schedule.iterations, s->test.n, s->run.evaluated_on);
    printf("memory planned: %.0f MiB (parameters %.0f, activations %.0f, gradients %.0f, workspace %.0f), images %.0f "
           "MiB\n",
           (double)plan.total / 0x1p20, (double)plan.parameters / 0x1p20, (double)plan.activations / 0x1p20,
           (double)plan.gradients / 0x1p20, (double)plan.workspace / 0x1p20,
           (double)((s->train.n + s->test.n) * CB_IMAGE_PIXELS) / 0x1p20);
    printf("data: %s; run directory: %s\n", s->source.path, s->run_dir);
    fflush(stdout);
}

static enum cb_status prepare(struct session *s, const struct options *o, struct cb_error *err)
{
    enum cb_status status = cb_isa_select(o->isa, err);
    if (status == CB_OK)
        status = cb_option_threads(o->threads, o->oversubscribe, &s->threads, &s->threads_reason, err);
    const char *placement;
    if (status == CB_OK) status = cb_bind_threads(s->threads, &placement, err);
    size_t stop_after = SIZE_MAX;
    if (status == CB_OK && o->max_iterations)
        status = cb_option_count("--max-iterations", o->max_iterations, SIZE_MAX / 2, &stop_after, err);
    if (status == CB_OK) status = cb_recipe_read(&s->recipe, o->recipe, o->overrides, o->override_count, err);
    if (status == CB_OK) status = load_data(s, o, err);
    if (status == CB_OK) status = open_run_dir(s, o, err);
    if (status != CB_OK) return status;
    status = make_model(s, o, err);
    if (status != CB_OK) return status;
    make_feeds(s);
    s->run.recipe = &s->recipe;
    s->run.stop_after = stop_after;
    s->run.quiet = o->quiet;
    status = open_records(s, o, err);
    if (status == CB_OK) print_start(s, placement);
    return status;
}

int main(int argc, char **argv)
{
    struct options o = {0};
    int code = parse_options(&o, argc, argv);
    if (code >= 0) return code;
    static struct session s = {.lock = -1};
    s.run.clock_start = cb_now_s();
    struct cb_error err;
    cb_signals_install();
    enum cb_status status = prepare(&s, &o, &err);
    if (status != CB_OK) {
        code = cb_exit_with(program, status, &err);
    } else {
        switch (cb_run_train(&s.run, &err)) {
        case CB_RUN_COMPLETED:
        case CB_RUN_STOPPED:
            code = 0;
            break;
        case CB_RUN_INTERRUPTED:
            code = 128 + cb_signal_received();
            break;
        case CB_RUN_DIVERGED:
            fprintf(stderr, "%s: the training diverged; the record in %s says where\n", program, s.run_dir);
            code = 1;
            break;
        case CB_RUN_FAILED:
            code = cb_exit_with(program, CB_IO_ERROR, &err);
            break;
        }
    }
    cb_record_close(s.run.record);
    cb_model_destroy(s.run.model);
    cb_team_destroy(s.run.team);
    cb_images_free(&s.train);
    cb_images_free(&s.test);
    if (s.lock >= 0) close(s.lock);
    return code;
}
