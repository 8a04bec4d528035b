#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"
#include "regress.h"

static const char *const units[] = {[RG_COUNT] = "instructions", [RG_FINGERPRINT] = "", [RG_MEMORY] = "bytes",
                                    [RG_SIZE] = "bytes",         [RG_TIME] = "ns",      [RG_EVENT] = "events"};

static void put_xml(FILE *out, const char *text)
{
    for (; *text; text++) switch (*text) {
        case '<':
            fputs("&lt;", out);
            break;
        case '>':
            fputs("&gt;", out);
            break;
        case '&':
            fputs("&amp;", out);
            break;
        case '"':
            fputs("&quot;", out);
            break;
        default:
            fputc((unsigned char)*text < ' ' ? ' ' : *text, out);
        }
}

static void junit_case(FILE *out, const struct rg_case *c)
{
    fputs("  <testcase classname=\"", out), put_xml(out, c->source), fputs("\" name=\"", out), put_xml(out, c->name);
    fputs("\">", out);
    if (rg_verdict_is_hard(c->verdict)) {
        fprintf(out, "<failure message=\"%s\">base %.0f, head %.0f, limit %g %%: ", rg_verdict_names[c->verdict],
                c->base, c->head, c->limit_percent);
        put_xml(out, c->reason ? c->reason : "");
        fputs("</failure>", out);
    } else if (c->verdict == RG_NOT_COUNTED) {
        fputs("<skipped message=\"", out), put_xml(out, c->reason ? c->reason : "not counted"), fputs("\"/>", out);
    }
    fputs("</testcase>\n", out);
}

/* The schema of testmoapp/junitxml. */
static void junit(FILE *out, const struct rg_result *result)
{
    size_t failed = 0;
    for (enum rg_verdict v = RG_REGRESSED; v < RG_VERDICTS; v++) failed += rg_count(result, v);
    fprintf(out,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"cyclebench regress\" tests=\"%zu\" "
            "failures=\"%zu\" errors=\"0\" skipped=\"%zu\">\n",
            result->n, failed, rg_count(result, RG_NOT_COUNTED));
    for (size_t i = 0; i < result->n; i++) junit_case(out, &result->cases[i]);
    fputs("</testsuite>\n", out);
}

static void print_json(FILE *out, json_t *json)
{
    json_dumpf(json, out, JSON_INDENT(2) | JSON_REAL_PRECISION(12));
    fputc('\n', out);
    json_decref(json);
}

static bool has_number(const struct rg_case *c)
{
    return c->kind != RG_FINGERPRINT && isfinite(c->head);
}

static void full_name(char name[256], const struct rg_case *c)
{
    snprintf(name, 256, "%.100s/%.150s", c->source, c->name);
}

/* github-action-benchmark's tool customSmallerIsBetter. */
static void smaller_is_better(FILE *out, const struct rg_result *result)
{
    json_t *all = json_array();
    char name[256];
    for (size_t i = 0; i < result->n; i++) {
        const struct rg_case *c = &result->cases[i];
        if (!has_number(c)) continue;
        full_name(name, c);
        json_array_append_new(all,
                              json_pack("{s:s, s:s, s:f}", "name", name, "unit", units[c->kind], "value", c->head));
    }
    print_json(out, all);
}

/* Bencher's metric format: a measure of each name. */
static void bencher(FILE *out, const struct rg_result *result)
{
    static const char *const measures[] = {
        [RG_COUNT] = "instructions", [RG_FINGERPRINT] = "", [RG_MEMORY] = "peak-memory",
        [RG_SIZE] = "file-size",     [RG_TIME] = "latency", [RG_EVENT] = "events"};
    json_t *all = json_object();
    char name[256];
    for (size_t i = 0; i < result->n; i++) {
        const struct rg_case *c = &result->cases[i];
        if (!has_number(c)) continue;
        full_name(name, c);
        json_object_set_new(all, name, json_pack("{s:{s:f}}", measures[c->kind], "value", c->head));
    }
    print_json(out, all);
}

static void put_csv(FILE *out, const char *text)
{
    for (; *text; text++) fputc(*text == ',' || *text == '"' || (unsigned char)*text < ' ' ? '_' : *text, out);
}

/* Apache Otava's CSV: a column a metric, a row a run; join the rows of several runs to one file. */
static void otava(FILE *out, const struct rg_result *result, const char *when)
{
    fputs("time,commit", out);
    char name[256];
    for (size_t i = 0; i < result->n; i++) {
        if (!has_number(&result->cases[i])) continue;
        full_name(name, &result->cases[i]);
        fputc(',', out), put_csv(out, name);
    }
    fprintf(out, "\n%s,", when), put_csv(out, result->commit);
    for (size_t i = 0; i < result->n; i++)
        if (has_number(&result->cases[i])) fprintf(out, ",%.0f", result->cases[i].head);
    fputc('\n', out);
}

static void now_text(char text[32])
{
    time_t now = time(NULL);
    struct tm utc;
    strftime(text, 32, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &utc));
}

static enum cb_status save(const char *folder, const char *name, char *text, struct cb_error *err)
{
    char path[4096];
    snprintf(path, sizeof path, "%.4000s/%s", folder, name);
    enum cb_status status =
        text ? cb_save_text(path, text, err) : cb_fail(err, CB_NO_MEMORY, "out of memory: %s", path);
    free(text);
    return status;
}

enum cb_status rg_write_reports(const struct rg_result *result, const char *folder, struct cb_error *err)
{
    enum { FILES = 5 };
    static const char *const names[FILES] = {"regress.xml", "regress.json", "github-action-benchmark.json",
                                             "bencher.json", "otava.csv"};
    char when[32];
    now_text(when);
    if (mkdir(folder, 0777) && errno != EEXIST)
        return cb_fail(err, CB_BAD_INPUT, "--out: %.500s: %s", folder, strerror(errno));
    enum cb_status status = save(folder, "regress.md", rg_markdown(result), err);
    for (int i = 0; i < FILES && !status; i++) {
        char *text = NULL;
        size_t bytes;
        FILE *out = open_memstream(&text, &bytes);
        if (!out) return cb_fail(err, CB_NO_MEMORY, "out of memory for %s", names[i]);
        if (i == 0) junit(out, result);
        if (i == 1) print_json(out, rg_json(result));
        if (i == 2) smaller_is_better(out, result);
        if (i == 3) bencher(out, result);
        if (i == 4) otava(out, result, when);
        bool failed = ferror(out);
        if (fclose(out) || failed) {
            free(text);
            text = NULL;
        }
        status = save(folder, names[i], text, err);
    }
    return status;
}

/* One line a run, all numbers of HEAD. */
static char *history_line(const struct rg_result *result)
{
    char when[32];
    now_text(when);
    json_t *cases = json_array();
    for (size_t i = 0; i < result->n; i++) {
        const struct rg_case *c = &result->cases[i];
        if (has_number(c))
            json_array_append_new(cases, json_pack("{s:s, s:s, s:s, s:f}", "name", c->name, "source", c->source, "unit",
                                                   units[c->kind], "value", c->head));
    }
    json_t *run = json_pack("{s:i, s:s, s:s, s:s, s:o}", "history", 1, "time", when, "commit", result->commit,
                            "verdict", result->verdict, "cases", cases);
    char *text = json_dumps(run, JSON_COMPACT | JSON_REAL_PRECISION(12)), *line = NULL;
    if (text && asprintf(&line, "%s\n", text) < 0) line = NULL;
    free(text);
    json_decref(run);
    return line;
}

/* A last line that was cut off is not joined with ours. Locked, so that two runs do not mix. */
enum cb_status rg_append_history(const struct rg_result *result, const char *path, struct cb_error *err)
{
    char *line = history_line(result), last = '\n';
    int fd = line ? open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666) : -1;
    enum cb_status status = CB_OK;
    if (!line) return cb_fail(err, CB_NO_MEMORY, "out of memory for %.500s", path);
    off_t end = fd < 0 || flock(fd, LOCK_EX) ? -1 : lseek(fd, 0, SEEK_END);
    if (end > 0 && pread(fd, &last, 1, end - 1) != 1) end = -1;
    size_t bytes = strlen(line);
    if (end < 0)
        status = cb_fail(err, CB_BAD_INPUT, "--history: %.500s: %s", path, strerror(errno));
    else if (last != '\n')
        status = cb_fail(err, CB_BAD_INPUT, "--history: %.500s: its last line is cut off at byte %lld: mend it first",
                         path, (long long)end);
    else if (write(fd, line, bytes) != (ssize_t)bytes || fsync(fd)) {
        status = cb_fail(err, CB_IO_ERROR, "--history: %.500s: %s", path, strerror(errno));
        if (ftruncate(fd, end)) cb_fail(err, status, "--history: %.500s: its last line is cut off", path);
    }
    if (fd >= 0) close(fd);
    free(line);
    return status;
}
