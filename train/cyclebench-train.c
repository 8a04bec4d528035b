/* cyclebench train: one training run into a run directory. main reads top to bottom: options, data, model, loop. */
#include <errno.h>
#include <getopt.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/printable.h"
#include "instruments.h"
#include "loop/loop.h"
#include "loop/options.h"
#include "loop/signals.h"
#include "record/fingerprint.h"
#include "standard_files.h"

static const char program[] = "cyclebench train";

static const char usage[] =
    "usage: cyclebench train RECIPE [options]\n"
    "       cyclebench train --resume RUN_DIR [options]\n"
    "\n"
    "Trains the recipe (a path, or the name of a file in train/recipes) and writes a run directory:\n"
    "recipe.ini, run.jsonl, last.safetensors (to resume from), previous.safetensors (the one before, until the end),\n"
    "final.safetensors, lock. --resume continues a run bit for bit, or starts one that was killed before its first\n"
    "iteration; of a completed run it changes nothing.\n"
    "\n"
    "  --data DIR               CIFAR-10: a folder that holds or is cifar-10-batches-bin, or the archive\n"
    "  --run DIR                the run directory (default: runs/RECIPE)\n"
    "  --set section.key=value  override a key of the recipe; may be repeated\n"
    "  --threads N              threads (default: one per physical core this process may use)\n"
    "  --oversubscribe          allows more threads than CPUs\n"
    "  --isa NAME               one of "
#include "core/isa_names.inc"
    "\n"
    "                           (default: the best here; also CYCLEBENCH_ISA)\n"
    "  --init FILE.safetensors  start from these weights instead of the recipe's initialisation\n"
    "  --max-iterations N       stop after N iterations in all, resumable\n"
    "  --resume [RUN_DIR]       continue the run in RUN_DIR, or RECIPE's in --run; other data or another recipe is "
    "refused\n"
    "  --quiet                  print nothing but errors and warnings\n"
    "\n"
    "Exit: 0 done, 1 failed or diverged, 2 wrong usage or input, 129, 130 or 143 after SIGHUP, SIGINT or SIGTERM (with "
    "a checkpoint).\n";

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
    const int given = argc - optind;
    struct stat st;
    if (given > 1 || (given == 0 && !(o->resume && o->run))) {
        fprintf(stderr, "%s: expected one RECIPE, or --resume and one RUN_DIR, got %d\n%s", program, given, usage);
        return 2;
    }
    if (given == 1) o->recipe = argv[optind];
    /* --resume RUN_DIR: a folder is no recipe. */
    if (given == 1 && o->resume && !o->run && !stat(o->recipe, &st) && S_ISDIR(st.st_mode)) {
        o->run = o->recipe;
        o->recipe = NULL;
    }
    return -1;
}

/* Everything that main makes and frees. */
struct session {
    struct cb_recipe recipe;
    struct cb_data_source source;
    struct cb_images train, eval;
    struct cb_run run;
    struct cb_record_glance found; /* in the run directory */
    size_t threads;
    const char *threads_reason, *init_name;
    int resuming, nothing_to_do;
};

/* Splits the last `holdout` training images off into the set that is evaluated. */
static enum cb_status hold_out(struct session *s, struct cb_error *err)
{
    size_t held = s->recipe.data.holdout;
    if (held >= s->train.n)
        return cb_fail(err, CB_BAD_INPUT, "data.holdout = %zu leaves none of the %zu training images", held,
                       s->train.n);
    size_t kept = s->train.n - held;
    s->eval.n = held;
    s->eval.kind = s->train.kind;
    s->eval.pixels = malloc(held * CB_IMAGE_PIXELS);
    s->eval.labels = malloc(held);
    if (!s->eval.pixels || !s->eval.labels)
        return cb_fail(err, CB_NO_MEMORY, "out of memory for %zu held-out images", held);
    memcpy(s->eval.pixels, s->train.pixels + kept * CB_IMAGE_PIXELS, held * CB_IMAGE_PIXELS);
    memcpy(s->eval.labels, s->train.labels + kept, held);
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
        s->recipe.data.holdout ? hold_out(s, err) : cb_data_load(&s->eval, &s->source, &cb_cifar_test_file, 1, err);
    if (status == CB_OK) status = cb_recipe_resolve(&s->recipe, s->train.n, err);
    /* What identifies the run. */
    struct cb_position *p = &s->run.position;
    s->run.data_kind = cb_data_kind_name(cb_data_kind_of_both(s->train.kind, s->eval.kind));
    snprintf(p->data_kind, sizeof p->data_kind, "%s", s->run.data_kind);
    if (status == CB_OK) status = cb_images_sha256(&s->train, p->train_sha256, err);
    if (status == CB_OK) status = cb_images_sha256(&s->eval, p->eval_sha256, err);
    return status == CB_OK ? cb_recipe_sha256(&s->recipe, p->recipe_sha256, err) : status;
}

/* --- the run directory: a fresh run wants none in it, --resume wants one ------------------------------------------ */

/* A resumed run's directory is opened before anything is read from it. */
static enum cb_status open_old_dir(struct session *s, const struct options *o, struct cb_error *err)
{
    char path[sizeof s->run.dir.path];
    if (o->run)
        snprintf(path, sizeof path, "%s", o->run);
    else
        snprintf(path, sizeof path, "runs/%s", s->recipe.name);
    char trace[sizeof path + 16];
    snprintf(trace, sizeof trace, "%s/lock", path);
    if (!cb_run_dir_has(trace)) {
        snprintf(trace, sizeof trace, "%s/recipe.ini", path);
        if (!cb_run_dir_has(trace)) return cb_fail(err, CB_BAD_INPUT, "--resume: there is no run in %s", path);
    }
    enum cb_status status = cb_run_dir_open(&s->run.dir, path, 0, err);
    if (status == CB_OK) status = cb_record_look(&s->found, s->run.dir.record, err);
    return status;
}

static enum cb_status open_new_dir(struct session *s, const struct options *o, struct cb_error *err)
{
    char path[sizeof s->run.dir.path];
    if (!o->run) snprintf(path, sizeof path, "runs/%s", s->recipe.name);
    struct cb_run_dir *dir = &s->run.dir;
    enum cb_status status = cb_run_dir_open(dir, o->run ? o->run : path, 1, err);
    if (status == CB_OK) status = cb_record_look(&s->found, dir->record, err);
    if (status != CB_OK) return status;
    struct cb_position found = {0};
    if (cb_run_dir_has(dir->last)) status = cb_checkpoint_position(&found, dir->last, err);
    if (!s->found.begun && status == CB_OK && !found.iteration && !cb_run_dir_has(dir->previous)) return CB_OK;
    return cb_fail(err, CB_BAD_INPUT,
                   "%s already holds a run; continue it with `cyclebench train --resume %s`, or choose another --run",
                   dir->path, dir->path);
}

/* The recipe of a fresh run; of a resumed one its directory's, unless it is given. */
static enum cb_status read_recipe(struct session *s, const struct options *o, struct cb_error *err)
{
    if (o->recipe) return cb_recipe_read(&s->recipe, o->recipe, o->overrides, o->override_count, err);
    if (!cb_run_dir_has(s->run.dir.recipe))
        return cb_fail(err, CB_BAD_INPUT,
                       "--resume: there is no run in %s (no recipe.ini); start it with its RECIPE and --run",
                       s->run.dir.path);
    enum cb_status status = cb_recipe_read(&s->recipe, s->run.dir.recipe, o->overrides, o->override_count, err);
    char copy[sizeof s->run.dir.path];
    snprintf(copy, sizeof copy, "%s", s->run.dir.path);
    if (status == CB_OK)
        snprintf(s->recipe.name, sizeof s->recipe.name, "%s", s->found.name[0] ? s->found.name : basename(copy));
    return status;
}

static enum cb_status make_model(struct session *s, const struct options *o, struct cb_error *err)
{
    const struct cb_recipe *r = &s->recipe;
    enum cb_status status = cb_team_create(&s->run.team, s->threads, cb_model_scratch_bytes(&r->network), err);
    if (status == CB_OK) status = cb_model_create(&s->run.model, &r->network, r->data.batch, err);
    if (status != CB_OK) return status;
    cb_model_init(s->run.model, r->run.seed);
    if (!o->init) {
        strcpy(s->run.position.init_sha256, CB_NO_SHA256);
        return CB_OK;
    }
    s->init_name = o->init;
    status = cb_checkpoint_load_weights(s->run.model, o->init, 1, err);
    if (status == CB_OK && !cb_model_finite(s->run.model))
        return cb_fail(err, CB_BAD_INPUT, "--init: %s holds a weight or statistic that is not finite", o->init);
    return status == CB_OK ? cb_weights_sha256(s->run.model, s->run.position.init_sha256, err) : status;
}

static void make_feeds(struct session *s)
{
    struct cb_feed *feeds[] = {&s->run.train, &s->run.eval};
    for (int i = 0; i < 2; i++) {
        feeds[i]->seed = s->recipe.run.seed;
        feeds[i]->augmentation = s->recipe.data.augmentation;
        cb_image_table(s->recipe.data.mean, s->recipe.data.std, feeds[i]->table);
    }
    s->run.train.images = &s->train;
    s->run.eval.images = &s->eval;
}

static struct cb_record_run describe(const struct session *s)
{
    const struct cb_position *p = &s->run.position;
    return (struct cb_record_run){.recipe = &s->recipe,
                                  .model = s->run.model,
                                  .evaluated_on = s->run.evaluated_on,
                                  .data = s->source.path,
                                  .data_kind = p->data_kind,
                                  .train_sha256 = p->train_sha256,
                                  .eval_sha256 = p->eval_sha256,
                                  .train_images = s->train.n,
                                  .eval_images = s->eval.n,
                                  .init_name = s->init_name,
                                  .init_sha256 = strcmp(p->init_sha256, CB_NO_SHA256) ? p->init_sha256 : NULL,
                                  .threads = s->threads};
}

static enum cb_status write_recipe(const struct session *s, struct cb_error *err)
{
    char *text = cb_recipe_text(&s->recipe);
    if (!text) return cb_fail(err, CB_NO_MEMORY, "out of memory for the recipe's text");
    const enum cb_status status =
        cb_write_file(s->run.dir.recipe, &(struct cb_bytes){(uint8_t *)text, strlen(text)}, 1, err);
    free(text);
    return status;
}

/* The state before the first iteration and the recipe are there before the record: without it no run has begun. The
 * recipe comes second: --resume with it alone would not know of --init. */
static enum cb_status begin_records(struct session *s, struct cb_error *err)
{
    struct cb_run *run = &s->run;
    run->position.seconds_to_target = -1;
    strcpy(run->position.loss_chain, CB_FINGERPRINT_START);
    cb_run_dir_beat(&run->dir, 0);
    enum cb_status status = cb_checkpoint_save(run->model, &run->position, run->dir.last, NULL, err);
    if (status == CB_OK) status = write_recipe(s, err);
    const struct cb_record_run description = describe(s);
    return status == CB_OK ? cb_record_create(&run->record, run->dir.record, &description, err) : status;
}

/* From last.safetensors, or from the one before where that is damaged: it then takes its place. */
static enum cb_status load_checkpoint(struct session *s, struct cb_error *err)
{
    const struct cb_run_dir *dir = &s->run.dir;
    enum cb_status status = CB_BAD_INPUT;
    if (cb_run_dir_has(dir->last)) status = cb_checkpoint_resume(s->run.model, &s->run.position, dir->last, err);
    if (status != CB_BAD_INPUT || !cb_run_dir_has(dir->previous)) return status;
    struct cb_error second;
    if (cb_checkpoint_resume(s->run.model, &s->run.position, dir->previous, &second)) return status;
    if (cb_run_dir_has(dir->last)) {
        char aside[sizeof dir->last + 16];
        snprintf(aside, sizeof aside, "%s.damaged", dir->last);
        fprintf(stderr, "%s: warning: %s; it is kept as %s, the run goes on from previous.safetensors\n", program,
                err->text, aside);
        if (rename(dir->last, aside))
            return cb_fail(err, CB_IO_ERROR, "%s: cannot be renamed to %s: %s", dir->last, aside, strerror(errno));
    }
    if (rename(dir->previous, dir->last))
        return cb_fail(err, CB_IO_ERROR, "%s: cannot be renamed to %s: %s", dir->previous, dir->last, strerror(errno));
    return CB_OK;
}

/* The session before ended between its first checkpoint and its record. */
static enum cb_status begin_late(struct session *s, struct cb_error *err)
{
    const enum cb_status status = write_recipe(s, err);
    const struct cb_record_run description = describe(s);
    return status == CB_OK ? cb_record_create(&s->run.record, s->run.dir.record, &description, err) : status;
}

static enum cb_status resume_records(struct session *s, struct cb_error *err)
{
    struct cb_run *run = &s->run;
    struct cb_position *p = &run->position;
    enum cb_status status = load_checkpoint(s, err);
    if (status != CB_OK) return status;
    run->seconds_before = p->seconds;
    if (!s->found.begun && !p->iteration) return begin_late(s, err);
    if (p->iteration >= run->stop_after && p->iteration < s->recipe.schedule.iterations) {
        s->nothing_to_do = 1;
        printf("%s: already at iteration %zu; nothing to do\n", run->dir.path, (size_t)p->iteration);
        return CB_OK;
    }
    /* An orderly end has left a line; a kill has left signs of life after the checkpoint. */
    const double beat = s->found.ended ? -1 : cb_run_dir_last_beat(&run->dir);
    const double killed = beat > p->seconds ? beat - p->seconds : 0;
    p->resumed++;
    p->killed_seconds += killed;
    const size_t epoch = (s->train.n + s->recipe.data.batch - 1) / s->recipe.data.batch;
    const size_t epochs = (p->iteration + epoch - 1) / epoch - (p->epoch_images != 0);
    const struct cb_record_run description = describe(s);
    struct cb_error warning;
    status = cb_record_reopen(&run->record, run->dir.record, &description, p->iteration, epochs, &warning, err);
    if (status == CB_OK && warning.text[0]) fprintf(stderr, "%s: warning: %s\n", program, warning.text);
    if (status == CB_OK) status = cb_record_resume(run->record, &description, p->iteration, p->seconds, killed, err);
    if (status != CB_OK) return status;
    cb_run_dir_beat(&run->dir, 0); /* counted once */
    status = cb_run_save(run, err);
    if (status != CB_OK && beat >= 0) cb_run_dir_beat(&run->dir, beat); /* and not yet */
    return status;
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
           r->data.batch, r->schedule.iterations, s->eval.n, s->run.evaluated_on);
    printf("memory planned: %.0f MiB (parameters %.0f, activations %.0f, gradients %.0f, workspace %.0f), images %.0f "
           "MiB\n",
           (double)plan.total / 0x1p20, (double)plan.parameters / 0x1p20, (double)plan.activations / 0x1p20,
           (double)plan.gradients / 0x1p20, (double)plan.workspace / 0x1p20,
           (double)((s->train.n + s->eval.n) * CB_IMAGE_PIXELS) / 0x1p20);
    char data[sizeof s->source.path], dir[sizeof s->run.dir.path];
    snprintf(data, sizeof data, "%s", s->source.path);
    snprintf(dir, sizeof dir, "%s", s->run.dir.path);
    cb_make_printable(data);
    cb_make_printable(dir);
    printf("data: %s (%s); run directory: %s\n", data, s->run.data_kind, dir);
    if (s->run.position.resumed)
        printf("resumed after %zu iterations, %.1f s\n", (size_t)s->run.position.iteration, s->run.position.seconds);
    fflush(stdout);
}

static enum cb_status check_completed(const struct session *s, struct cb_error *err)
{
    struct cb_position held = {0};
    char mine[CB_SHA256_HEX];
    enum cb_status status = cb_checkpoint_position(&held, s->run.dir.last, err);
    if (status == CB_OK) status = cb_recipe_sha256(&s->recipe, mine, err);
    if (status == CB_OK && strcmp(mine, held.recipe_sha256))
        status = cb_fail(err, CB_BAD_INPUT, "%s: is a completed run of another recipe", s->run.dir.path);
    return status;
}

/* --resume of a run that is completed, or that was killed before it had begun. */
static enum cb_status settle_resume(struct session *s, const struct options *o, struct cb_error *err)
{
    const struct cb_run_dir *dir = &s->run.dir;
    const int has_last = cb_run_dir_has(dir->last);
    s->nothing_to_do = s->found.completed && cb_run_dir_has(dir->final);
    s->resuming = !s->nothing_to_do && (has_last || cb_run_dir_has(dir->previous));
    if (o->init && (s->nothing_to_do || s->resuming))
        return cb_fail(err, CB_BAD_INPUT, "--init starts a run, --resume continues one: expected one of them");
    if (s->nothing_to_do && o->recipe && has_last) {
        const enum cb_status status = check_completed(s, err);
        if (status != CB_OK) return status;
    }
    if (s->found.begun && !s->nothing_to_do && !s->resuming)
        return cb_fail(err, CB_BAD_INPUT,
                       "%s: the log of a run is there, its checkpoints are not; put last.safetensors back, or choose "
                       "another --run",
                       dir->path);
    if (o->quiet || s->resuming) return CB_OK;
    if (s->nothing_to_do)
        printf("%s: already completed after %zu iterations, %.1f s; nothing to do\n", dir->path, s->found.iterations,
               s->found.seconds);
    else
        printf("%s: the run had not begun; it starts from its beginning\n", dir->path);
    return CB_OK;
}

/* Reads and makes everything; a signal on the way leaves it unfinished with CB_OK. */
static enum cb_status prepare(struct session *s, const struct options *o, struct cb_error *err)
{
    enum cb_status status = cb_isa_select(o->isa, err);
    if (status == CB_OK) status = cb_option_threads(o->threads, o->oversubscribe, &s->threads, &s->threads_reason, err);
    const char *placement;
    if (status == CB_OK) status = cb_bind_threads(s->threads, &placement, err);
    s->run.stop_after = SIZE_MAX;
    if (status == CB_OK && o->max_iterations)
        status = cb_option_count("--max-iterations", o->max_iterations, SIZE_MAX / 2, &s->run.stop_after, err);
    if (status == CB_OK && o->recipe) status = read_recipe(s, o, err);
    if (status == CB_OK && o->resume) status = open_old_dir(s, o, err);
    if (status == CB_OK && o->resume) status = settle_resume(s, o, err);
    if (status != CB_OK || s->nothing_to_do) return status;
    if (!o->recipe) status = read_recipe(s, o, err);
    if (status == CB_OK) status = load_data(s, o, err);
    if (status != CB_OK || cb_signal_received()) return status;
    if (!o->resume) status = open_new_dir(s, o, err);
    if (status != CB_OK) return status;
    status = make_model(s, o, err);
    if (status != CB_OK || cb_signal_received()) return status;
    make_feeds(s);
    s->run.recipe = &s->recipe;
    s->run.stop = cb_signal_flag();
    s->run.quiet = o->quiet;
    status = s->resuming ? resume_records(s, err) : begin_records(s, err);
    if (status == CB_OK && !s->nothing_to_do) print_start(s, placement);
    return status;
}

static int train(struct session *s)
{
    struct cb_error err;
    switch (cb_run_train(&s->run, &err)) {
    case CB_RUN_COMPLETED:
    case CB_RUN_STOPPED:
        return 0;
    case CB_RUN_INTERRUPTED:
        return 128 + cb_signal_received();
    case CB_RUN_DIVERGED:
        fprintf(stderr, "%s: the training diverged; the record in %s says where\n", program, s->run.dir.path);
        return 1;
    case CB_RUN_FAILED:
        break;
    }
    return cb_exit_with(program, CB_IO_ERROR, &err);
}

int main(int argc, char **argv)
{
    cb_open_standard_files();
    struct options o = {0};
    int code = parse_options(&o, argc, argv);
    if (code >= 0) return code;
    static struct session s = {.run.dir.lock = -1};
    s.run.clock_start = cb_now_s();
    struct cb_error err;
    cb_signals_install(program);
    enum cb_status status = prepare(&s, &o, &err);
    if (status != CB_OK)
        code = cb_exit_with(program, status, &err);
    else if (s.nothing_to_do)
        code = 0;
    else if (!s.run.record) /* a signal came before the training */
        code = 128 + cb_signal_received();
    else
        code = train(&s);
    cb_record_close(s.run.record);
    cb_model_destroy(s.run.model);
    cb_team_destroy(s.run.team);
    cb_images_free(&s.train);
    cb_images_free(&s.eval);
    cb_run_dir_close(&s.run.dir);
    return code;
}
