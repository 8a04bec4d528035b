/* cyclebench train: one training run into a run directory. main reads top to bottom: options, data, model, loop. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "bench.h"
#include "core/printable.h"
#include "instruments.h"
#include "loop/options.h"
#include "loop/preview.h"
#include "loop/session.h"
#include "loop/signals.h"
#include "standard_files.h"

static const char program[] = "cyclebench train";

static const char usage[] =
    "usage: cyclebench train RECIPE [options]\n"
    "       cyclebench train --resume RUN_DIR [options]\n"
    "       cyclebench train --list [--time]\n"
    "\n"
    "Trains the recipe (a path, or the name of a file in train/recipes) and writes a run directory:\n"
    "recipe.ini, run.jsonl, last.safetensors (to resume from), previous.safetensors (the one before, until the end),\n"
    "final.safetensors, lock. --resume continues a run bit for bit, or starts one that was killed before its first\n"
    "iteration; of a completed run it changes nothing. A terminal also shows, in a line that is written over, epoch, "
    "loss,\n"
    "learning rate, images/s, time left and best accuracy; NO_COLOR=1 takes its colours away.\n"
    "\n"
    "  --data DIR               the recipe's data set: a folder that holds or is the official one, or the archive\n"
    "  --run DIR                the run directory (default: runs/RECIPE)\n"
    "  --set section.key=value  override a key of the recipe; may be repeated\n"
    "  --threads N              threads (default: one per physical core this process may use)\n"
    "  --oversubscribe          allows more threads than CPUs\n"
    "  --isa NAME               one of "
#include "core/isa_names.inc"
    "\n"
    "                           (default: the best here; also CYCLEBENCH_ISA)\n"
    "  --init FILE.safetensors  start from these weights instead of the recipe's initialisation\n"
    "  --target PERCENT         run.target of the recipe: the accuracy to which the time is taken\n"
    "  --stop-after N           end N epochs after the first one that reaches the target, resumable\n"
    "  --max-iterations N       stop after N iterations in all, resumable\n"
    "  --resume [RUN_DIR]       continue the run in RUN_DIR, or RECIPE's in --run; other data or another recipe is "
    "refused\n"
    "  --perf                   count instructions, cycles, cache misses, FP operations, joules, ...: in run.jsonl\n"
    "  --quiet                  print nothing but errors and warnings\n"
    "  --dry-run                print the plan (recipe, network, memory, run directory) and do nothing\n"
    "  --list                   print the recipes that are here, a line each\n"
    "  --time                   with --list: also the time that each takes here, from three of its iterations\n"
    "\n"
    "Exit: 0 done, 1 failed or diverged, 2 wrong usage or input, 129, 130 or 143 after SIGHUP, SIGINT or SIGTERM (with "
    "a checkpoint).\n";

enum { MAX_OVERRIDES = 64 };

struct options {
    struct cb_session_options session;
    const char *overrides[MAX_OVERRIDES];
    char target[256]; /* --target as an override */
    int dry_run, list, time;
};

/* Returns -1 to go on, or the exit code. */
static int parse_options(struct options *options, int argc, char **argv)
{
    struct cb_session_options *o = &options->session;
    enum {
        DATA = 256,
        RUN,
        SET,
        THREADS,
        OVERSUBSCRIBE,
        ISA,
        INIT,
        TARGET,
        STOP_AFTER,
        MAX_ITERATIONS,
        RESUME,
        PERF,
        QUIET,
        DRY_RUN,
        LIST,
        TIME,
        HELP
    };
    static const struct option long_options[] = {{"data", required_argument, NULL, DATA},
                                                 {"run", required_argument, NULL, RUN},
                                                 {"set", required_argument, NULL, SET},
                                                 {"threads", required_argument, NULL, THREADS},
                                                 {"oversubscribe", no_argument, NULL, OVERSUBSCRIBE},
                                                 {"isa", required_argument, NULL, ISA},
                                                 {"init", required_argument, NULL, INIT},
                                                 {"target", required_argument, NULL, TARGET},
                                                 {"stop-after", required_argument, NULL, STOP_AFTER},
                                                 {"max-iterations", required_argument, NULL, MAX_ITERATIONS},
                                                 {"resume", no_argument, NULL, RESUME},
                                                 {"perf", no_argument, NULL, PERF},
                                                 {"quiet", no_argument, NULL, QUIET},
                                                 {"dry-run", no_argument, NULL, DRY_RUN},
                                                 {"list", no_argument, NULL, LIST},
                                                 {"time", no_argument, NULL, TIME},
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
        case TARGET:
            if (o->override_count == MAX_OVERRIDES) {
                fprintf(stderr, "%s: more than %d --set options\n", program, MAX_OVERRIDES);
                return 2;
            }
            if (c == TARGET) snprintf(options->target, sizeof options->target, "run.target=%s", optarg);
            options->overrides[o->override_count++] = c == TARGET ? options->target : optarg;
            break;
        case STOP_AFTER:
            o->stop_after = optarg;
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
        case PERF:
            o->perf = 1;
            break;
        case QUIET:
            o->quiet = 1;
            break;
        case DRY_RUN:
            options->dry_run = 1;
            break;
        case LIST:
            options->list = 1;
            break;
        case TIME:
            options->time = 1;
            break;
        case HELP:
        case 'h':
            printf("%s\nKeys of a recipe:\n%s", usage, cb_recipe_keys());
            return cb_end_after_output(program);
        default:
            fprintf(stderr, "try '%s --help'\n", program);
            return 2;
        }
    }
    const int given = argc - optind;
    struct stat st;
    if (options->list && !given && !o->resume && !options->dry_run) return -1;
    if (options->list || options->time || (options->dry_run && o->resume)) {
        fprintf(stderr, "%s: expected %s\nTry '%s --help'.\n", program,
                options->dry_run ? "--dry-run with a RECIPE, without --resume, --list or --time"
                                 : "--list alone or with --time, without a RECIPE",
                program);
        return 2;
    }
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

static void print_start(const struct cb_session *s)
{
    if (s->run.quiet) return;
    printf("%s\n", cb_machine_line(s->threads));
    printf("threads: %zu (%s), %s\n", s->threads, s->threads_reason, s->placement);
    cb_print_plan(s);
    if (s->run.position.resumed)
        printf("resumed after %zu iterations, %.1f s\n", (size_t)s->run.position.iteration, s->run.position.seconds);
    cb_flush_output();
}

/* Reads and makes everything; a signal on the way leaves it unfinished with CB_OK. */
static enum cb_status prepare(struct cb_session *s, const struct cb_session_options *o, struct cb_error *err)
{
    enum cb_status status = cb_session_machine(s, o, err);
    if (status == CB_OK && o->max_iterations)
        status = cb_option_count("--max-iterations", o->max_iterations, 1, SIZE_MAX / 2, &s->run.max_iterations, err);
    if (status == CB_OK && o->stop_after) {
        s->run.stops_at_target = 1;
        status = cb_option_count("--stop-after", o->stop_after, 0, 100000, &s->run.epochs_after_target, err);
    }
    if (status == CB_OK)
        status = o->resume ? cb_session_reopen(s, o, err)
                           : cb_recipe_read(&s->recipe, o->recipe, o->overrides, o->override_count, err);
    if (status != CB_OK || s->nothing_to_do) return status;
    status = cb_session_data(s, o, err);
    if (status != CB_OK || cb_signal_received()) return status;
    if (!o->resume) status = cb_session_open(s, o, err);
    if (status == CB_OK) status = cb_session_model(s, o, err);
    if (status != CB_OK || cb_signal_received()) return status;
    s->run.stop = cb_signal_flag();
    status = cb_session_records(s, o, err);
    if (status != CB_OK || s->nothing_to_do) return status;
    if (o->perf) status = cb_run_perf_open(&s->run.perf, s->run.model, s->run.team, s->run.position.iteration, "", err);
    if (status == CB_OK) print_start(s);
    return status;
}

static int train(struct cb_session *s)
{
    struct cb_error err;
    char path[sizeof s->run.dir.path];
    switch (cb_run_train(&s->run, &err)) {
    case CB_RUN_COMPLETED:
    case CB_RUN_TARGET_REACHED:
    case CB_RUN_STOPPED:
        return 0;
    case CB_RUN_INTERRUPTED:
        return 128 + cb_signal_received();
    case CB_RUN_DIVERGED:
        fprintf(stderr, "%s: the training diverged; the record in %s says where\n", program,
                cb_printable(path, sizeof path, s->run.dir.path));
        return 1;
    case CB_RUN_FAILED:
        break;
    }
    return cb_exit_with(program, CB_IO_ERROR, &err);
}

int main(int argc, char **argv)
{
    cb_open_standard_files();
    struct options o = {.session = {.program = program}};
    o.session.overrides = o.overrides;
    int code = parse_options(&o, argc, argv);
    if (code >= 0) return code;
    static struct cb_session s = {.run.dir.lock = -1};
    s.run.clock_start = cb_now_s();
    struct cb_error err;
    cb_signals_install(program);
    const int preview = o.dry_run || o.list;
    enum cb_status status = o.list      ? cb_list_recipes(&o.session, o.time, cb_signal_flag(), &err)
                            : o.dry_run ? cb_dry_run(&s, &o.session, &err)
                                        : prepare(&s, &o.session, &err);
    if (status != CB_OK)
        code = cb_exit_with(program, status, &err);
    else if (s.nothing_to_do || (preview && !cb_signal_received()))
        code = 0;
    else if (!s.run.record) /* a signal came before the training */
        code = 128 + cb_signal_received();
    else
        code = train(&s);
    cb_session_close(&s);
    return code ? code : cb_end_after_output(program);
}
