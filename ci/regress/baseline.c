#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "bench.h"
#include "regress.h"

/* A file: lines "# key<tab>value", then one of column titles, then name, count, limit in percent, reason, with tabs
 * between. */
static const char columns[] = "name\tcount\tlimit_percent\treason";

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

static enum cb_status read_case(const struct reader *r, json_t *group, const char *line)
{
    const char *count_at = strchr(line, '\t'), *limit_at = count_at ? strchr(count_at + 1, '\t') : NULL;
    const char *reason_at = limit_at ? strchr(limit_at + 1, '\t') : NULL;
    const char *end = line + strlen(line);
    if (!count_at || count_at == line) return wrong(r, line, count_at ? line : end, "a name and a tab");
    if (!limit_at) return wrong(r, line, end, "a tab and the limit behind the count");
    if (!reason_at) return wrong(r, line, end, "a tab and the reason behind the limit");
    char *stop;
    errno = 0;
    unsigned long long count = strtoull(count_at + 1, &stop, 10);
    if (stop != limit_at || errno || count < 1 || count > INT64_MAX || count_at[1] < '0' || count_at[1] > '9')
        return wrong(r, line, count_at + 1, "a count of instructions");
    double limit = strtod(limit_at + 1, &stop);
    if (stop != reason_at || !(limit >= 0 && limit <= 100)) return wrong(r, line, limit_at + 1, "0 to 100 percent");
    if (!reason_at[1]) return wrong(r, line, end, "a reason");
    json_t *cases = json_object_get(group, "cases"), *one;
    char name[256];
    snprintf(name, sizeof name, "%.*s", (int)(count_at - line), line);
    size_t i;
    json_array_foreach(cases, i, one) if (!strcmp(json_string_value(json_object_get(one, "name")), name)) return wrong(
        r, line, line, "a name that no line above has");
    const json_t *isa = json_object_get(group, "isa");
    one = json_pack("{s:s, s:I, s:f, s:s, s:s}", "name", name, "count", (json_int_t)count, "limit_percent", limit,
                    "because", reason_at + 1, "isa", json_is_string(isa) ? json_string_value(isa) : "");
    if (!one) return wrong(r, line, line, "text in UTF-8");
    json_array_append_new(cases, one);
    return CB_OK;
}

/* The cases have limit_percent and because. NULL and CB_OK: there is no such file. */
static enum cb_status read_baseline(json_t **group, const char *path, struct cb_error *err)
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
            status = wrong(&r, line, line, "the titles name, count, limit_percent, reason");
        else if (!titles)
            titles = true;
        else
            status = read_case(&r, *group, line);
    }
    static const char *const keys[] = {"source", "isa", "compiler", "libc"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys && !status; i++)
        if (!json_object_get(*group, keys[i]))
            status =
                cb_fail(err, CB_BAD_INPUT, "%.500s:1:1: expected a line '# %s', a tab and its value", path, keys[i]);
    if (!status && !json_array_size(json_object_get(*group, "cases")))
        status = cb_fail(err, CB_BAD_INPUT, "%.500s:%zu:1: expected a case at least", path, r.line + 1);
    free(line);
    fclose(file);
    if (status) {
        json_decref(*group);
        *group = NULL;
    }
    return status;
}

static bool is_folder(const char *path)
{
    struct stat about;
    return !stat(path, &about) && S_ISDIR(about.st_mode);
}

static void path_of(char path[4096], const char *folder, const json_t *group)
{
    char name[RG_GROUP_NAME];
    rg_group_name(name, group);
    snprintf(path, 4096, "%.3900s/%s.tsv", folder, name);
}

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

static void compare(struct rg_result *result, const char *path, const json_t *base, const json_t *group)
{
    if (json_object_get(group, "reason") && json_is_true(json_object_get(group, "machine_lacks")))
        rg_note(result, "%s: not gated, as this machine cannot count it: %s", path, text_of(group, "reason"));
    else if (*text_of(group, "libc") && strcmp(text_of(base, "libc"), text_of(group, "libc")))
        rg_note(result, "%s: not gated, as it was counted with %s, and here is %s, whose functions are counted too",
                path, text_of(base, "libc"), text_of(group, "libc"));
    else
        rg_compare_group(result, base, group);
}

/* A group that could not be counted does not tell its compiler: all baselines of its source and ISA are meant. */
static enum cb_status compare_uncounted(struct rg_result *result, const char *folder, const json_t *group,
                                        struct cb_error *err)
{
    char prefix[RG_GROUP_NAME], path[4096];
    enum cb_status status = CB_OK;
    rg_group_name(prefix, group);
    rg_note(result, "%s: not counted: %s", prefix, text_of(group, "reason"));
    DIR *dir = json_is_true(json_object_get(group, "machine_lacks")) ? NULL : opendir(folder);
    for (struct dirent *entry; dir && !status && (entry = readdir(dir));) {
        size_t len = strlen(prefix);
        if (strncmp(entry->d_name, prefix, len) || entry->d_name[len] != '-') continue;
        snprintf(path, sizeof path, "%.3800s/%s", folder, entry->d_name);
        json_t *base;
        status = read_baseline(&base, path, err);
        if (base) compare(result, path, base, group);
        json_decref(base);
    }
    if (dir) closedir(dir);
    return status;
}

static enum cb_status compare_with(struct rg_result *result, const char *path, const json_t *group,
                                   struct cb_error *err)
{
    json_t *base;
    enum cb_status status = read_baseline(&base, path, err);
    if (status) return status;
    if (base)
        compare(result, path, base, group);
    else
        rg_note(result, "%s: there is no baseline: make one with --update --because \"...\"", path);
    json_decref(base);
    return CB_OK;
}

/* One file: the group of its source, ISA and compiler. */
static enum cb_status compare_one(struct rg_result *result, const char *path, const json_t *head, struct cb_error *err)
{
    json_t *base, *group;
    char wanted[RG_GROUP_NAME], name[RG_GROUP_NAME];
    enum cb_status status = read_baseline(&base, path, err);
    if (status) return status;
    if (!base) return cb_fail(err, CB_BAD_INPUT, "%.500s: %s", path, strerror(ENOENT));
    size_t i;
    bool found = false;
    rg_group_name(wanted, base);
    json_array_foreach(json_object_get(head, "groups"), i, group)
    {
        rg_group_name(name, group);
        bool same_isa = !strcmp(text_of(group, "source"), text_of(base, "source")) &&
                        !strcmp(text_of(group, "isa"), text_of(base, "isa"));
        if (!same_isa || (strcmp(name, wanted) && !json_object_get(group, "reason"))) continue;
        compare(result, path, base, group);
        found = true;
    }
    json_decref(base);
    return found ? CB_OK
                 : cb_fail(err, CB_BAD_INPUT, "%.400s: is for %s, which HEAD has not: take the file of its compiler",
                           path, wanted);
}

/* HEAD has a group of that source and ISA. */
static bool has_group_like(const json_t *head, const json_t *base)
{
    size_t i;
    json_t *group;
    json_array_foreach(json_object_get(head, "groups"), i,
                       group) if (!strcmp(text_of(group, "source"), text_of(base, "source")) &&
                                  !strcmp(text_of(group, "isa"), text_of(base, "isa"))) return true;
    return false;
}

static bool has_compiler(const json_t *head, const char *compiler)
{
    size_t i;
    json_t *group;
    json_array_foreach(json_object_get(head, "groups"), i,
                       group) if (!strcmp(text_of(group, "compiler"), compiler)) return true;
    return false;
}

/* A baseline of HEAD's compiler whose group HEAD does not know any more: its cases vanished. */
static enum cb_status compare_forgotten(struct rg_result *result, const char *folder, const json_t *head,
                                        struct cb_error *err)
{
    enum cb_status status = CB_OK;
    DIR *dir = opendir(folder);
    for (struct dirent *entry; dir && !status && (entry = readdir(dir));) {
        const char *end = strrchr(entry->d_name, '.');
        char path[4096];
        json_t *base;
        if (!end || strcmp(end, ".tsv") || entry->d_name[0] == '.') continue;
        snprintf(path, sizeof path, "%.3800s/%s", folder, entry->d_name);
        status = read_baseline(&base, path, err);
        if (base && has_compiler(head, text_of(base, "compiler")) && !has_group_like(head, base))
            rg_compare_group(result, base, NULL);
        json_decref(base);
    }
    if (dir) closedir(dir);
    return status;
}

enum cb_status rg_compare_baseline(struct rg_result *result, const char *path, const json_t *head, struct cb_error *err)
{
    if (!is_folder(path)) return compare_one(result, path, head, err);
    size_t i;
    json_t *group;
    enum cb_status status = CB_OK;
    json_array_foreach(json_object_get(head, "groups"), i, group)
    {
        char file[4096];
        path_of(file, path, group);
        if (!status)
            status = json_object_get(group, "reason") ? compare_uncounted(result, path, group, err)
                                                      : compare_with(result, file, group, err);
    }
    if (status || json_object_get(head, "only_isa")) return status;
    return compare_forgotten(result, path, head, err);
}

/* --- update --- */

static const json_t *old_case(const json_t *base, const char *name)
{
    size_t i;
    json_t *one;
    json_array_foreach(json_object_get(base, "cases"), i, one) if (!strcmp(text_of(one, "name"), name)) return one;
    return NULL;
}

static char *baseline_text(const json_t *group, const json_t *base, const char *because)
{
    char *text = NULL;
    size_t bytes, i;
    json_t *one;
    FILE *out = open_memstream(&text, &bytes);
    if (!out) return NULL;
    fputs("# Exact instruction counts: a change is a change of the code. Written by cyclebench regress --update.\n",
          out);
    fprintf(out, "# source\t%s\n# isa\t%s\n# compiler\t%s\n# libc\t%s\n%s\n", text_of(group, "source"),
            text_of(group, "isa"), text_of(group, "compiler"), text_of(group, "libc"), columns);
    json_array_foreach(json_object_get(group, "cases"), i, one)
    {
        const json_t *count = json_object_get(one, "count"), *old = old_case(base, text_of(one, "name"));
        if (!json_is_integer(count)) continue;
        bool kept = old && json_equal(json_object_get(old, "count"), count);
        double limit = old ? json_real_value(json_object_get(old, "limit_percent")) : rg_count_limit_percent;
        fprintf(out, "%s\t%lld\t%g\t%s\n", text_of(one, "name"), (long long)json_integer_value(count), limit,
                kept ? text_of(old, "because") : because);
    }
    return fclose(out) ? NULL : text;
}

enum cb_status rg_update_baseline(const char *path, const json_t *head, const char *because, struct cb_error *err)
{
    if (!is_folder(path)) return cb_fail(err, CB_BAD_INPUT, "%.500s: --update takes the folder of the baselines", path);
    size_t i;
    json_t *group;
    json_array_foreach(json_object_get(head, "groups"), i, group)
    {
        char file[4096];
        json_t *base;
        if (json_object_get(group, "reason")) continue;
        path_of(file, path, group);
        enum cb_status status = read_baseline(&base, file, err);
        char *text = status ? NULL : baseline_text(group, base, because);
        json_decref(base);
        if (!status && !text) status = cb_fail(err, CB_NO_MEMORY, "out of memory for %.500s", file);
        if (!status) status = cb_save_text(file, text, err);
        free(text);
        if (status) return status;
    }
    return CB_OK;
}
