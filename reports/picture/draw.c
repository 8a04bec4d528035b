/* Runs gnuplot, and makes its SVG one that fits into a page. */
#include "draw.h"

#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../lib/memory.h"
#include "script.h"
#include "svg.h"

enum { FAILED = 1 };
extern char **environ;

const char cb_how_to_draw[] = "pictures need gnuplot: apt install gnuplot-nox, or the package of your system";

/* Starts gnuplot without the user's own settings; its input and its messages are files, its output is one end of a pipe. */
static int start(pid_t *child, int in, const int out[2], int messages)
{
    char *const args[] = {"gnuplot", "-d", NULL};
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_adddup2(&files, in, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&files, out[1], STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&files, messages, STDERR_FILENO);
    posix_spawn_file_actions_addclose(&files, out[0]);
    const int failed = posix_spawnp(child, "gnuplot", &files, NULL, args, environ);
    posix_spawn_file_actions_destroy(&files);
    return failed;
}

static char *read_all(int fd, size_t *size)
{
    char *text = cb_report_alloc(1);
    size_t room = 1;
    *size = 0;
    for (ssize_t got; (got = read(fd, text + *size, room - *size)) != 0;) {
        if (got < 0 && errno != EINTR) break;
        if (got > 0) *size += (size_t)got;
        if (*size == room) text = cb_report_realloc(text, room *= 2);
    }
    text[*size] = '\0';
    return text;
}

/* The first line of the messages that says something. */
static void first_message(FILE *messages, char *line, int size)
{
    rewind(messages);
    while (fgets(line, size, messages)) {
        line[strcspn(line, "\n")] = '\0';
        if (line[strspn(line, " \t^")]) return;
    }
    snprintf(line, (size_t)size, "it says nothing");
}

/* What gnuplot prints when fed with the file. Its warnings, of labels that hardly fit, are not the user's. */
static char *run(FILE *script, FILE *messages, size_t *size, struct cb_report_error *err)
{
    int out[2], status = -1;
    pid_t child;
    rewind(script);
    lseek(fileno(script), 0, SEEK_SET);
    if (pipe(out)) {
        cb_report_fail(err, FAILED, "gnuplot: %s", strerror(errno));
        return NULL;
    }
    const int failed = start(&child, fileno(script), out, fileno(messages));
    close(out[1]);
    char *text = failed ? NULL : read_all(out[0], size);
    close(out[0]);
    while (!failed && waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (text && status == 0 && *size) return text;
    free(text);
    char line[200];
    first_message(messages, line, sizeof line);
    if (failed)
        cb_report_fail(err, FAILED, "gnuplot: %s; %s", strerror(failed), cb_how_to_draw);
    else
        cb_report_fail(err, FAILED, "gnuplot failed: %s", line);
    return NULL;
}

static char *draw(const struct cb_chart *chart, enum cb_width width, const char *terminal, size_t *size,
                  struct cb_report_error *err)
{
    FILE *script = tmpfile(), *messages = tmpfile();
    char *text = NULL;
    if (script && messages) cb_write_script(script, chart, width, terminal);
    if (!script || !messages || fflush(script) || ferror(script))
        cb_report_fail(err, FAILED, "gnuplot's script: %s", strerror(errno));
    else
        text = run(script, messages, size, err);
    if (script) fclose(script);
    if (messages) fclose(messages);
    return text;
}

bool cb_can_draw(void)
{
    FILE *answer = popen("command -v gnuplot", "r");
    if (!answer) return false;
    while (fgetc(answer) != EOF) {
    }
    return pclose(answer) == 0;
}

char *cb_draw_svg(const struct cb_chart *chart, enum cb_width width, struct cb_report_error *err)
{
    size_t size;
    char *drawn = draw(chart, width, "svg", &size, err);
    if (!drawn) return NULL;
    char *svg = cb_svg_for_page(drawn, chart, width == CB_NARROW ? "-narrow" : "", err);
    free(drawn);
    return svg;
}

char *cb_draw_png(const struct cb_chart *chart, size_t *size, struct cb_report_error *err)
{
    static const char signature[] = "\x89PNG\r\n\x1a\n";
    char *png = draw(chart, CB_WIDE, "pngcairo", size, err);
    if (!png || (*size >= sizeof signature && !memcmp(png, signature, sizeof signature - 1))) return png;
    cb_report_fail(err, FAILED, "gnuplot: expected a PNG, got '%.40s'; is another gnuplot first in PATH?", png);
    free(png);
    return NULL;
}
