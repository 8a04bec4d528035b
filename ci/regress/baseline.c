#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "regress.h"

static void path_of(char path[4096], const char *folder, const json_t *group)
{
    char name[RG_GROUP_NAME];
    rg_group_name(name, group);
    snprintf(path, 4096, "%.3900s/%s.tsv", folder, name);
}

/* One file: the group of its source, ISA and compiler. */
static enum cb_status compare_one(struct rg_result *result, const char *path, const json_t *head, struct cb_error *err)
{
    json_t *base;
    char wanted[RG_GROUP_NAME];
    enum cb_status status = rg_read_baseline(&base, path, err);
    if (status) return status;
    if (!base) return cb_fail(err, CB_BAD_INPUT, "%.500s: %s", path, strerror(ENOENT));
    const json_t *group = rg_find_group(head, base);
    rg_group_name(wanted, base);
    bool same_compiler =
        group && (json_object_get(group, "reason") || !strcmp(rg_text(group, "compiler"), rg_text(base, "compiler")));
    if (same_compiler)
        rg_compare_group(result, path, base, group);
    else
        status = cb_fail(err, CB_BAD_INPUT, "%.400s: is for %s, which HEAD has not: take the file of its compiler",
                         path, wanted);
    json_decref(base);
    return status;
}

/* A group that tells its compiler, and its file. */
static enum cb_status compare_with(struct rg_result *result, const char *folder, const json_t *group,
                                   struct cb_error *err)
{
    json_t *base;
    char path[4096];
    path_of(path, folder, group);
    enum cb_status status = rg_read_baseline(&base, path, err);
    if (base)
        rg_compare_group(result, path, base, group);
    else if (!status && json_object_get(group, "reason"))
        rg_note(result, "%s: not counted: %s", path, rg_text(group, "reason"));
    else if (!status)
        rg_note(result, "%s: there is no baseline: make one with --update --because \"...\"", path);
    json_decref(base);
    return status;
}

/* Whether HEAD has counts of this compiler. */
static bool has_compiler(const json_t *head, const char *compiler)
{
    size_t i;
    json_t *group;
    json_array_foreach(json_object_get(head, "groups"), i,
                       group) if (!strcmp(rg_text(group, "compiler"), compiler)) return true;
    return false;
}

/* What a file of the folder holds HEAD to beyond that: a group that could not be counted, whichever compiler the file is
 * of, if it does not tell its own; and one that HEAD does not know any more. */
static void compare_rest(struct rg_result *result, const char *path, const json_t *base, const json_t *head)
{
    const json_t *group = rg_find_group(head, base);
    bool failed = group && !*rg_text(group, "compiler") && !json_is_true(json_object_get(group, "not_built")) &&
                  !json_is_true(json_object_get(group, "machine_lacks"));
    /* Counts of other programs are of other sources in each file. */
    bool forgotten = !group && json_object_get(head, "compiler") && !json_object_get(head, "only_isa");
    if (failed || (forgotten && has_compiler(head, rg_text(base, "compiler"))))
        rg_compare_group(result, path, base, group);
}

static int is_baseline(const struct dirent *entry)
{
    size_t len = strlen(entry->d_name);
    return entry->d_name[0] != '.' && len > 4 && !strcmp(entry->d_name + len - 4, ".tsv");
}

enum cb_status rg_compare_baseline(struct rg_result *result, const char *path, const json_t *head, struct cb_error *err)
{
    if (!rg_is_folder(path)) return compare_one(result, path, head, err);
    size_t i;
    json_t *group;
    char name[RG_GROUP_NAME];
    enum cb_status status = CB_OK;
    json_array_foreach(json_object_get(head, "groups"), i, group)
    {
        rg_group_name(name, group);
        if (!*rg_text(group, "compiler"))
            rg_note(result, "%s: not counted: %s", name, rg_text(group, "reason"));
        else if (!status)
            status = compare_with(result, path, group, err);
    }
    struct dirent **entries;
    int n = scandir(path, &entries, is_baseline, alphasort);
    for (int at = 0; at < n; at++) {
        char file[4096];
        json_t *base = NULL;
        snprintf(file, sizeof file, "%.3800s/%.255s", path, entries[at]->d_name);
        free(entries[at]);
        if (!status) status = rg_read_baseline(&base, file, err);
        if (base) compare_rest(result, file, base, head);
        json_decref(base);
    }
    if (n >= 0) free(entries);
    return status;
}

/* --- update --- */

static bool has_counts(const json_t *group)
{
    size_t i;
    json_t *one;
    json_array_foreach(json_object_get(group, "cases"), i, one) if (rg_is_counted(one)) return true;
    return false;
}

/* texts[i]: the new file of group i, NULL where it was not counted. */
static enum cb_status make_texts(char **texts, const char *folder, const json_t *groups, const char *because,
                                 struct cb_error *err)
{
    size_t i, made = 0;
    json_t *group, *old;
    char path[4096];
    json_array_foreach(groups, i, group)
    {
        if (!has_counts(group)) continue;
        path_of(path, folder, group);
        enum cb_status status = rg_read_baseline(&old, path, err);
        if (status) return status;
        texts[i] = rg_baseline_text(group, old, because);
        json_decref(old);
        if (!texts[i]) return cb_fail(err, CB_NO_MEMORY, "out of memory for %.500s", path);
        made++;
    }
    return made ? CB_OK : cb_fail(err, CB_BAD_INPUT, "--update: HEAD counted nothing");
}

/* All are read before the first is written. */
enum cb_status rg_update_baseline(const char *path, const json_t *head, const char *because, struct cb_error *err)
{
    if (!rg_is_folder(path))
        return cb_fail(err, CB_BAD_INPUT, "%.500s: --update takes the folder of the baselines", path);
    const json_t *groups = json_object_get(head, "groups");
    size_t i, n = json_array_size(groups);
    json_t *group;
    char **texts = calloc(n + 1, sizeof *texts), file[4096];
    if (!texts) return cb_fail(err, CB_NO_MEMORY, "out of memory");
    enum cb_status status = make_texts(texts, path, groups, because, err);
    json_array_foreach(groups, i, group)
    {
        path_of(file, path, group);
        if (!status && texts[i]) status = cb_save_text(file, texts[i], err);
        if (!status)
            printf("%s: %s%s\n", file,
                   texts[i] ? "written" : "left as it is: ", texts[i] ? "" : rg_text(group, "reason"));
        free(texts[i]);
    }
    free(texts);
    return status;
}
