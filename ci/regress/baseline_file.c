#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "regress.h"

/* A file: lines "# key<tab>value", then one of column titles, then the cases with tabs between the columns. The provider
 * stands where another instruction set's code runs. */
static const char columns[] = "name\tcount\tlimit_percent\treason\tprovider";

struct reader {
    const char *path;
    size_t line;
    struct cb_error *err;
};

static enum cb_status wrong(const struct reader *r, const char *line, const char *at, const char *expected)
{
    return cb_fail(r->err, CB_BAD_INPUT, "%.400s:%zu:%zu: expected %s, got '%.60s'", r->path, r->line,
                   (size_t)(at - line) + 1, expected, at);
}

static enum cb_status read_key(json_t *group, char *line)
{
    char *value = strchr(line, '\t');
    if (!value) return CB_OK; /* a remark */
    *value++ = '\0';
    json_object_set_new(group, line + 2, json_string(value));
    return CB_OK;
}

static const char *after_tab(const char *text)
{
    const char *tab = text ? strchr(text, '\t') : NULL;
    return tab ? tab + 1 : NULL;
}

static enum cb_status read_case(const struct reader *r, json_t *group, const char *line)
{
    const char *count_at = after_tab(line), *limit_at = after_tab(count_at), *reason_at = after_tab(limit_at);
    const char *provider_at = after_tab(reason_at), *end = line + strlen(line);
    if (!count_at || count_at == line + 1) return wrong(r, line, count_at ? line : end, "a name and a tab");
    if (!limit_at) return wrong(r, line, end, "a tab and the limit behind the count");
    if (!reason_at) return wrong(r, line, end, "a tab and the reason behind the limit");
    char *stop;
    errno = 0;
    unsigned long long count = strtoull(count_at, &stop, 10);
    if (stop != limit_at - 1 || errno || count < 1 || count > INT64_MAX || *count_at < '0' || *count_at > '9')
        return wrong(r, line, count_at, "a count of instructions");
    double limit = strtod(limit_at, &stop);
    if (stop == limit_at || stop != reason_at - 1 || !(limit >= 0 && limit <= 100))
        return wrong(r, line, limit_at, "0 to 100 percent");
    size_t reason_length = provider_at ? (size_t)(provider_at - 1 - reason_at) : strlen(reason_at);
    if (!reason_length) return wrong(r, line, reason_at, "a reason");
    json_t *one = json_pack("{s:s%, s:I, s:f, s:s%, s:s}", "name", line, (size_t)(count_at - 1 - line), "count",
                            (json_int_t)count, "limit_percent", limit, "because", reason_at, reason_length, "isa",
                            provider_at ? provider_at : rg_text(group, "isa"));
    if (!one) return wrong(r, line, line, "text in UTF-8");
    bool again = rg_find_case(group, rg_text(one, "name"));
    json_array_append_new(json_object_get(group, "cases"), one);
    return again ? wrong(r, line, line, "a name that no line above has") : CB_OK;
}

static enum cb_status check_whole(const struct reader *r, const json_t *group)
{
    static const char *const keys[] = {"source", "isa", "compiler", "libc"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (!json_object_get(group, keys[i]))
            return cb_fail(r->err, CB_BAD_INPUT, "%.500s:1:1: expected a line '# %s', a tab and its value", r->path,
                           keys[i]);
    if (json_array_size(json_object_get(group, "cases"))) return CB_OK;
    return cb_fail(r->err, CB_BAD_INPUT, "%.500s:%zu:1: expected a case at least", r->path, r->line + 1);
}

enum cb_status rg_read_baseline(json_t **group, const char *path, struct cb_error *err)
{
    struct reader r = {.path = path, .err = err};
    enum cb_status status = CB_OK;
    FILE *file = fopen(path, "re");
    char *line = NULL;
    size_t room = 0;
    bool titles = false;
    *group = NULL;
    if (!file) return errno == ENOENT ? CB_OK : cb_fail(err, CB_IO_ERROR, "%.500s: %s", path, strerror(errno));
    *group = json_pack("{s:[]}", "cases");
    for (ssize_t len; !status && (len = getline(&line, &room, file)) > 0;) {
        r.line++;
        if (line[len - 1] != '\n') {
            status = wrong(&r, line, line + len, "the end of the line: the file is cut off");
            continue;
        }
        line[len - 1] = '\0';
        if (!titles && !strncmp(line, "# ", 2))
            status = read_key(*group, line);
        else if (!titles && strcmp(line, columns))
            status = wrong(&r, line, line, "the titles name, count, limit_percent, reason, provider");
        else if (!titles)
            titles = true;
        else
            status = read_case(&r, *group, line);
    }
    if (!status && ferror(file)) status = cb_fail(err, CB_IO_ERROR, "%.500s: cannot be read", path);
    if (!status) status = check_whole(&r, *group);
    free(line);
    fclose(file);
    if (status) {
        json_decref(*group);
        *group = NULL;
    }
    return status;
}

static void write_case(FILE *out, const json_t *one, const json_t *old, const json_t *group, const char *because)
{
    const json_t *count = json_object_get(one, "count");
    const char *provider = rg_text(one, "isa");
    bool kept = old && json_equal(json_object_get(old, "count"), count) && !strcmp(rg_text(old, "isa"), provider);
    double limit = old ? json_real_value(json_object_get(old, "limit_percent")) : rg_count_limit_percent;
    fprintf(out, "%s\t%lld\t%g\t%s", rg_text(one, "name"), (long long)json_integer_value(count), limit,
            kept ? rg_text(old, "because") : because);
    if (strcmp(provider, rg_text(group, "isa"))) fprintf(out, "\t%s", provider);
    fputc('\n', out);
}

char *rg_baseline_text(const json_t *group, const json_t *old, const char *because)
{
    char *text = NULL;
    size_t bytes, i;
    json_t *one;
    FILE *out = open_memstream(&text, &bytes);
    if (!out) return NULL;
    fputs("# Exact instruction counts: a change is a change of the code. Written by cyclebench regress --update.\n",
          out);
    fprintf(out, "# source\t%s\n# isa\t%s\n# compiler\t%s\n# libc\t%s\n%s\n", rg_text(group, "source"),
            rg_text(group, "isa"), rg_text(group, "compiler"), rg_text(group, "libc"), columns);
    json_array_foreach(json_object_get(group, "cases"), i, one) if (rg_is_counted(one))
        write_case(out, one, rg_find_case(old, rg_text(one, "name")), group, because);
    return fclose(out) ? NULL : text;
}
