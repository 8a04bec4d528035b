/* cyclebench plot: one picture of a report. */
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "export/output.h"
#include "inputs/inputs.h"
#include "lib/memory.h"
#include "lib/program.h"
#include "lib/text.h"
#include "picture/draw.h"
#include "picture/gnuplot.h"
#include "picture/stop.h"
#include "picture/svg.h"
#include "sections/build.h"
#include "standard_files.h"

enum { EXIT_USAGE = 2 };

static const char usage[] = "Usage: cyclebench plot PATH... -o FILE.svg|FILE.png [--picture NAME] [--target PERCENT]\n"
                            "       cyclebench plot PATH... --list\n\n"
                            "Draws one picture of what `cyclebench report` shows of the same paths: runs, results of "
                            "bench, lr-find and score, or\n"
                            "folders of them. An SVG is for light and dark surroundings.\n\n"
                            "  -o FILE             where to, as SVG or PNG by its name\n"
                            "  --picture NAME      which one, as --list names them (default: the first)\n"
                            "  --list              the names of the pictures, a line each\n"
                            "  --target PERCENT    accuracy to reach; default: what each run's recipe says\n"
                            "  --help              this text\n\n"
                            "Needs gnuplot (Debian package gnuplot-nox).\n"
                            "Exit status: 0 done, 1 gnuplot is missing or failed, or the output could not be written, "
                            "2 wrong usage, nothing to\n"
                            "draw, or a given file that is none of these; 128 + its number after a signal.\n";

struct options {
    const char *out, *picture;
    double target;
    bool list;
};

static bool ends_with(const char *text, const char *end)
{
    const size_t length = strlen(text), tail = strlen(end);
    return length > tail && !strcmp(text + length - tail, end);
}

static int write_picture(const struct cb_chart *chart, const char *path)
{
    struct cb_report_error error;
    size_t size = 0;
    char *bytes = NULL, *svg = NULL;
    cb_stop_install();
    if (!cb_gnuplot_is_there())
        cb_report_fail(&error, EXIT_FAILURE, "gnuplot is missing; %s", cb_how_to_draw);
    else if (ends_with(path, ".png"))
        bytes = cb_draw_png(chart, &size, &error);
    else if ((svg = cb_draw_svg(chart, CB_WIDE, &error)) && (bytes = cb_svg_alone(svg, &error)))
        size = strlen(bytes);
    free(svg);
    const bool good = bytes && !cb_stop_signal() && cb_output_write(path, bytes, size, &error);
    free(bytes);
    return good || cb_stop_signal() ? EXIT_SUCCESS : cb_program_fail("cyclebench plot", &error);
}

static int draw(const struct cb_inputs *inputs, const struct options *options)
{
    struct cb_report_error error;
    struct cb_chart chart = {0};
    json_t *names = json_array(), *name;
    int status = EXIT_SUCCESS;
    size_t i;
    const bool found = cb_build_chart(&chart, inputs, options->target, options->picture, names);
    if (options->list) {
        json_array_foreach(names, i, name) puts(json_string_value(name));
        status = cb_program_finish("cyclebench plot");
    } else if (!json_array_size(names)) {
        cb_report_fail(&error, EXIT_USAGE,
                       "nothing to draw: expected runs with an evaluated epoch, or results of bench, lr-find or score");
        status = cb_program_fail("cyclebench plot", &error);
    } else if (!found) {
        cb_report_fail(&error, EXIT_USAGE, "no picture is named '%s'; --list has the names", options->picture);
        status = cb_program_fail("cyclebench plot", &error);
    } else {
        status = write_picture(&chart, options->out);
    }
    cb_chart_free(&chart);
    json_decref(names);
    return cb_stop_signal() ? 128 + cb_stop_signal() : status;
}

static void say_all(const json_t *sentences)
{
    json_t *sentence;
    size_t i;
    json_array_foreach((json_t *)sentences, i, sentence)
    {
        fputs("cyclebench plot: left out: ", stderr);
        cb_text_print(stderr, json_string_value(sentence), 0);
        fputc('\n', stderr);
    }
}

/* A picture cannot say what is not in it. */
static void say_damage(const struct cb_inputs *inputs)
{
    say_all(inputs->problems);
    for (size_t i = 0; i < inputs->run_count; i++) say_all(inputs->runs[i].damaged);
}

static int plot(char *const *paths, size_t count, const struct options *options)
{
    struct cb_inputs inputs = cb_inputs_make();
    struct cb_report_error error;
    int status = EXIT_SUCCESS;
    for (size_t i = 0; i < count && status == EXIT_SUCCESS; i++)
        if (!cb_inputs_add(&inputs, paths[i], &error)) status = cb_program_fail("cyclebench plot", &error);
    say_damage(&inputs);
    if (status == EXIT_SUCCESS) {
        cb_inputs_tell_apart(&inputs);
        status = draw(&inputs, options);
    }
    cb_inputs_free(&inputs);
    return status;
}

static bool refuse(const char *expected, const char *got)
{
    fprintf(stderr, "cyclebench plot: %s, got '", expected);
    cb_text_print(stderr, got, 0);
    fputs("'\n", stderr);
    return false;
}

/* False: --help, or an option that is none; *status is the exit status. */
static bool parse_options(int argc, char **argv, struct options *options, int *status)
{
    static const struct option known[] = {{"picture", required_argument, NULL, 'p'},
                                          {"target", required_argument, NULL, 't'},
                                          {"list", no_argument, NULL, 'l'},
                                          {"help", no_argument, NULL, 'h'},
                                          {0}};
    char *end;
    *status = EXIT_USAGE;
    for (int option; (option = getopt_long(argc, argv, "ho:", known, NULL)) != -1;) {
        switch (option) {
        case 'o':
            options->out = optarg;
            if (ends_with(optarg, ".svg") || ends_with(optarg, ".png")) break;
            return refuse("-o: expected a name that ends in .svg or .png", optarg);
        case 'p':
            options->picture = optarg;
            break;
        case 't':
            options->target = strtod(optarg, &end);
            if (end != optarg && !*end && options->target > 0 && options->target <= 100) break;
            return refuse("--target: expected a percentage above 0 and up to 100", optarg);
        case 'l':
            options->list = true;
            break;
        case 'h':
            fputs(usage, stdout);
            *status = cb_program_finish("cyclebench plot");
            return false;
        default:
            fputs(usage, stderr);
            return false;
        }
    }
    if (optind < argc && (options->out || options->list)) return true;
    fprintf(stderr, "cyclebench plot: expected %s\n%s",
            optind < argc
                ? "-o FILE.svg or -o FILE.png"
                : "runs, results or folders of them; make one, as with `cyclebench train demo-1cycle --run runs/demo`",
            usage);
    return false;
}

int main(int argc, char **argv)
{
    cb_open_standard_files();
    cb_report_memory_init();
    struct options options = {.target = (double)NAN};
    int status;
    if (!parse_options(argc, argv, &options, &status)) return status;
    return plot(argv + optind, (size_t)(argc - optind), &options);
}
