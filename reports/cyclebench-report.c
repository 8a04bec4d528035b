/* cyclebench report: runs and measurements as one page. */
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "export/output.h"
#include "inputs/inputs.h"
#include "lib/memory.h"
#include "lib/program.h"
#include "lib/text.h"
#include "lib/values.h"
#include "page/render.h"
#include "picture/stop.h"
#include "picture/svg.h"
#include "sections/build.h"
#include "standard_files.h"

enum { EXIT_USAGE = 2 };

static const char usage[] =
    "Usage: cyclebench report PATH... --out DIR [--target PERCENT] [--pictures] [--watch[=SECONDS]]\n\n"
    "Writes DIR/index.html, a page that needs no network and no other file, and DIR/report.md, the same as Markdown.\n"
    "PATH is a run (its directory or its run.jsonl), what `cyclebench bench --benchmark_out`, `lr-find` or `score` "
    "wrote\n"
    "as JSON, or a folder with any of these below it, such as that of a sweep. A run may still go on; of a damaged "
    "record\n"
    "the whole lines are used, and the others are named.\n\n"
    "  --out DIR           where to; it is made if it is not there\n"
    "  --target PERCENT    accuracy to reach; default: what each run's recipe says\n"
    "  --pictures          also the pictures, as DIR/pictures/*.svg, shown by report.md\n"
    "  --watch[=SECONDS]   writes it again every so often (default 30) until it is interrupted; the page reloads "
    "itself;\n"
    "                      what cannot be read or written is said once, and tried again\n"
    "  --help              this text\n\n"
    "Pictures need gnuplot (Debian package gnuplot-nox); without it the report has none and says so.\n"
    "Exit status: 0 done, 1 a file could not be read or the output not written, 2 wrong usage, nothing to report, or "
    "a\n"
    "given file that is none of these; 128 + its number after a signal.\n";

struct options {
    const char *out;
    double target;
    bool pictures;
    int watch; /* seconds between two reports; 0: one report */
    char *const *paths;
    size_t path_count;
};

/* --- output ------------------------------------------------------------------------------------------------------- */

static bool make_folder(const char *path, struct cb_report_error *err)
{
    struct stat info;
    if (!mkdir(path, 0777) || (errno == EEXIST && !stat(path, &info) && S_ISDIR(info.st_mode))) return true;
    return cb_report_fail(err, EXIT_FAILURE, "%s: cannot be made a folder: %s", path, strerror(errno));
}

static bool write_file(const char *folder, const char *name, const char *bytes, size_t size,
                       struct cb_report_error *err)
{
    const size_t length = strlen(folder) + strlen(name) + 2;
    char *path = cb_report_alloc(length);
    snprintf(path, length, "%s/%s", folder, name);
    const bool good = cb_output_write(path, bytes, size, err);
    free(path);
    return good;
}

/* The document as text: HTML, or Markdown that shows its pictures or not. */
static char *rendered(const json_t *document, const struct options *options, bool html, size_t *size)
{
    char *text = NULL;
    FILE *out = open_memstream(&text, size);
    if (!out) return NULL;
    if (html)
        cb_document_html(out, document, options->watch);
    else
        cb_document_markdown(out, document, options->pictures ? "pictures" : NULL);
    return fclose(out) ? NULL : text;
}

static bool write_rendered(const json_t *document, const struct options *options, bool html,
                           struct cb_report_error *err)
{
    size_t size;
    char *text = rendered(document, options, html, &size);
    const bool good = text ? write_file(options->out, html ? "index.html" : "report.md", text, size, err)
                           : cb_report_fail(err, EXIT_FAILURE, "out of memory");
    free(text);
    return good;
}

static bool write_picture(const char *folder, const char *name, const char *svg, struct cb_report_error *err)
{
    char file[96], *alone = cb_svg_alone(svg, err);
    snprintf(file, sizeof file, "%s.svg", name);
    const bool good = alone && write_file(folder, file, alone, strlen(alone), err);
    free(alone);
    return good;
}

static bool write_pictures(const json_t *nodes, const char *folder, struct cb_report_error *err)
{
    json_t *node;
    size_t i;
    json_array_foreach((json_t *)nodes, i, node)
    {
        const char *svg = json_string_value(json_object_get(node, "wide"));
        if (svg && !write_picture(folder, json_string_value(json_object_get(node, "name")), svg, err)) return false;
        if (!write_pictures(json_object_get(node, "nodes"), folder, err)) return false;
    }
    return true;
}

static bool write_all(const json_t *document, const struct options *options, struct cb_report_error *err)
{
    if (!make_folder(options->out, err)) return false;
    if (options->pictures) {
        char *folder = cb_report_alloc(strlen(options->out) + sizeof "/pictures");
        sprintf(folder, "%s/pictures", options->out);
        const bool good =
            make_folder(folder, err) && write_pictures(json_object_get(document, "sections"), folder, err);
        free(folder);
        if (!good) return false;
    }
    return write_rendered(document, options, false, err) && write_rendered(document, options, true, err);
}

/* --- one report --------------------------------------------------------------------------------------------------- */

/* On standard error, but not again what was said since the last page: --watch would repeat itself. */
static void say(json_t *said, const char *text)
{
    char *repaired = cb_text_repaired(text, strlen(text));
    json_t *sentence = json_string(repaired), *other;
    bool is_new = true;
    size_t i;
    json_array_foreach(said, i, other) is_new = is_new && !json_equal(other, sentence);
    free(repaired);
    if (is_new) {
        fputs("cyclebench report: ", stderr);
        cb_text_print(stderr, json_string_value(sentence), 0);
        fputc('\n', stderr);
    }
    cb_append(said, sentence);
}

static bool refuse_nothing(const struct cb_inputs *inputs, json_t *said, struct cb_report_error *err)
{
    json_t *problem;
    size_t i;
    if (!cb_inputs_are_empty(inputs)) return true;
    json_array_foreach(inputs->problems, i, problem) say(said, json_string_value(problem));
    return cb_report_fail(err, EXIT_USAGE,
                          "nothing to report: no run.jsonl and no result of bench, lr-find or score there; make one, "
                          "as with `cyclebench train demo-1cycle --run runs/demo`");
}

static int report_once(const struct options *options, json_t *said)
{
    struct cb_inputs inputs = cb_inputs_make();
    struct cb_report_error error;
    bool good = true;
    for (size_t i = 0; i < options->path_count && good; i++) good = cb_inputs_add(&inputs, options->paths[i], &error);
    good = good && refuse_nothing(&inputs, said, &error);
    cb_stop_install();
    if (good) {
        cb_inputs_tell_apart(&inputs);
        json_t *document = cb_build_report(&inputs, options->target);
        /* After a stop pictures are missing. */
        good = cb_stop_signal() || write_all(document, options, &error);
        json_decref(document);
    }
    cb_inputs_free(&inputs);
    if (good)
        json_array_clear(said);
    else
        say(said, error.text);
    return good ? EXIT_SUCCESS : error.exit_status;
}

/* A run that has not begun, a file that is just being written: the next report may find it whole. */
static void watch(const struct options *options, json_t *said)
{
    for (double seconds = options->watch; cb_stop_wait(-1, &seconds) != CB_STOPPED; seconds = options->watch)
        report_once(options, said);
}

static int report(const struct options *options)
{
    struct cb_report_error error;
    if (options->watch && !make_folder(options->out, &error)) return cb_program_fail("cyclebench report", &error);
    json_t *said = json_array();
    int status = report_once(options, said);
    if (options->watch) watch(options, said);
    json_decref(said);
    if (cb_stop_signal()) return 128 + cb_stop_signal();
    if (status != EXIT_SUCCESS) return status;
    cb_text_print(stdout, options->out, 0);
    puts("/index.html");
    return cb_program_finish("cyclebench report");
}

/* --- options ------------------------------------------------------------------------------------------------------ */

static bool parse_number(const char *text, double least, double most, double *value)
{
    char *end;
    *value = strtod(text, &end);
    return end != text && !*end && *value >= least && *value <= most;
}

static bool refuse(const char *expected, const char *got)
{
    fprintf(stderr, "cyclebench report: %s, got '", expected);
    cb_text_print(stderr, got, 0);
    fputs("'\n", stderr);
    return false;
}

/* False: --help, or an option that is none; *status is the exit status. */
static bool parse_options(int argc, char **argv, struct options *options, int *status)
{
    static const struct option known[] = {
        {"out", required_argument, NULL, 'o'}, {"target", required_argument, NULL, 't'},
        {"pictures", no_argument, NULL, 'p'},  {"watch", optional_argument, NULL, 'w'},
        {"help", no_argument, NULL, 'h'},      {0}};
    double seconds;
    *status = EXIT_USAGE;
    for (int option; (option = getopt_long(argc, argv, "h", known, NULL)) != -1;) {
        switch (option) {
        case 'o':
            options->out = optarg;
            break;
        case 't':
            if (parse_number(optarg, 1e-6, 100, &options->target)) break;
            return refuse("--target: expected a percentage above 0 and up to 100", optarg);
        case 'p':
            options->pictures = true;
            break;
        case 'w':
            options->watch = 30;
            if (!optarg) break;
            if (!parse_number(optarg, 1, 3600, &seconds)) return refuse("--watch: expected 1 to 3600 seconds", optarg);
            options->watch = (int)seconds;
            break;
        case 'h':
            fputs(usage, stdout);
            *status = cb_program_finish("cyclebench report");
            return false;
        default:
            fputs(usage, stderr);
            return false;
        }
    }
    options->paths = argv + optind;
    options->path_count = (size_t)(argc - optind);
    if (options->path_count && options->out) return true;
    fprintf(stderr, "cyclebench report: expected %s\n%s",
            options->path_count ? "--out DIR, where the page goes"
                                : "runs, results or folders of them to report on; make one, as with "
                                  "`cyclebench train demo-1cycle --run runs/demo`",
            usage);
    return false;
}

int main(int argc, char **argv)
{
    cb_open_standard_files();
    cb_report_memory_init();
    struct options options = {.target = (double)NAN};
    int status;
    return parse_options(argc, argv, &options, &status) ? report(&options) : status;
}
