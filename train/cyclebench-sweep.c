/* cyclebench sweep: the training runs of a plan, one after another; what is finished is kept, the rest resumed. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "loop/options.h"
#include "loop/signals.h"
#include "standard_files.h"
#include "sweep/sweep.h"

static const char program[] = "cyclebench sweep";

static const char usage[] =
    "usage: cyclebench sweep PLAN [options]\n"
    "       cyclebench sweep --list\n"
    "\n"
    "Trains the runs of a plan (a path, or the name of a file in train/plans) one after another, each with "
    "`cyclebench\n"
    "train` into a folder of its own. Killed at any moment and started again, it keeps the runs that are finished and\n"
    "resumes the one that is not. A second sweep with the same PLAN and --out takes the runs that the first is not\n"
    "training.\n"
    "\n"
    "  --out DIR        the folder of the runs' folders (default: runs/PLAN)\n"
    "  --data DIR       as of `cyclebench train`\n"
    "  --threads N      as of `cyclebench train`\n"
    "  --oversubscribe  as of `cyclebench train`\n"
    "  --isa NAME       as of `cyclebench train`\n"
    "  --quiet          print nothing but errors and warnings\n"
    "  --dry-run        print the runs, what is finished and what the rest costs here, and do nothing\n"
    "  --list           print the plans that are here, a line each\n"
    "\n"
    "A plan is an INI file; each section is a grid of runs:\n"
    "  [one-cycle]\n"
    "  recipes = 1cycle-70, 1cycle-95\n"
    "  seeds = 1, 2, 3\n"
    "  optimizer.weight_decay = 1e-3 | 1e-4\n"
    "`seeds` is 1 where it is missing. Any key of a recipe may be set; several values are separated by | and crossed\n"
    "with all others, up to 1000 runs in a plan. `stop_after = N` is that of `cyclebench train`. A folder is called\n"
    "RECIPE[-VARIANT][-VALUES]-sSEED; `variant = WORD` is a word for it.\n"
    "\n"
    "Exit: 0 all runs are finished (a run that diverged is), 1 a run failed or another process trains it, 2 wrong "
    "usage\n"
    "or input, 129, 130 or 143 after SIGHUP, SIGINT or SIGTERM (with a checkpoint).\n";

struct options {
    struct cb_sweep_options sweep;
    const char *plan, *out;
    int dry_run, list;
};

/* Returns -1 to go on, or the exit code. */
static int parse_options(struct options *o, int argc, char **argv)
{
    enum { OUT = 256, DATA, THREADS, OVERSUBSCRIBE, ISA, QUIET, DRY_RUN, LIST, HELP };
    static const struct option long_options[] = {{"out", required_argument, NULL, OUT},
                                                 {"data", required_argument, NULL, DATA},
                                                 {"threads", required_argument, NULL, THREADS},
                                                 {"oversubscribe", no_argument, NULL, OVERSUBSCRIBE},
                                                 {"isa", required_argument, NULL, ISA},
                                                 {"quiet", no_argument, NULL, QUIET},
                                                 {"dry-run", no_argument, NULL, DRY_RUN},
                                                 {"list", no_argument, NULL, LIST},
                                                 {"help", no_argument, NULL, HELP},
                                                 {NULL, 0, NULL, 0}};
    for (int c; (c = getopt_long(argc, argv, "h", long_options, NULL)) != -1;) {
        switch (c) {
        case OUT:
            o->out = optarg;
            break;
        case DATA:
            o->sweep.data = optarg;
            break;
        case THREADS:
            o->sweep.threads = optarg;
            break;
        case OVERSUBSCRIBE:
            o->sweep.oversubscribe = 1;
            break;
        case ISA:
            o->sweep.isa = optarg;
            break;
        case QUIET:
            o->sweep.quiet = 1;
            break;
        case DRY_RUN:
            o->dry_run = 1;
            break;
        case LIST:
            o->list = 1;
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
    if (argc - optind != !o->list) {
        fprintf(stderr, "%s: expected one PLAN, or --list alone, got %d\n%s", program, argc - optind, usage);
        return 2;
    }
    o->plan = argv[optind];
    return -1;
}

static enum cb_status list_plans(struct cb_error *err)
{
    char(*names)[CB_RECIPE_NAME], description[CB_DESCRIPTION_BYTES];
    size_t count;
    enum cb_status status = cb_shelf_list(&cb_plan_shelf, &names, &count, err);
    if (status != CB_OK) return status;
    for (size_t i = 0; i < count && status == CB_OK; i++) {
        status = cb_shelf_describe(&cb_plan_shelf, description, names[i], err);
        if (status == CB_OK) printf("%-12s %s\n", names[i], description);
    }
    free(names);
    return status == CB_OK ? cb_finish_output(err) : status;
}

/* runs/PLAN, without the plan's folder and suffix. */
static void default_out(char out[PATH_MAX], const char *plan)
{
    const char *slash = strrchr(plan, '/'), *name = slash ? slash + 1 : plan;
    const int suffix = cb_is_ini_path(name) ? 4 : 0;
    snprintf(out, PATH_MAX, "runs/%.*s", (int)strlen(name) - suffix, name);
}

static enum cb_status sweep(const struct options *o, int *code, struct cb_error *err)
{
    struct cb_plan plan;
    struct cb_sweep work = {0};
    char out[PATH_MAX];
    enum cb_status status = cb_plan_read(&plan, o->plan, err);
    if (status != CB_OK) return status;
    default_out(out, o->plan);
    status = cb_sweep_prepare(&work, &plan, o->out ? o->out : out, &o->sweep, err);
    if (status == CB_OK && cb_signal_received())
        *code = 128 + cb_signal_received();
    else if (status == CB_OK && o->dry_run)
        status = cb_sweep_print(&work, err);
    else if (status == CB_OK)
        *code = cb_sweep_run(&work);
    cb_sweep_free(&work);
    cb_plan_free(&plan);
    return status;
}

int main(int argc, char **argv)
{
    cb_open_standard_files();
    struct options o = {0};
    int code = parse_options(&o, argc, argv);
    if (code >= 0) return code;
    code = 0;
    struct cb_error err;
    cb_signals_install(program);
    const enum cb_status status = o.list ? list_plans(&err) : sweep(&o, &code, &err);
    if (status != CB_OK) return cb_exit_with(program, status, &err);
    return code ? code : cb_end_after_output(program);
}
