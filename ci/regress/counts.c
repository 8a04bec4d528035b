#include <math.h>
#include <stdio.h>
#include <string.h>

#include "regress.h"

const char *rg_text(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

bool rg_is_counted(const json_t *one)
{
    return json_integer_value(json_object_get(one, "count")) > 0;
}

static double count_of(const json_t *one)
{
    const json_t *count = json_object_get(one, "count");
    return json_is_integer(count) ? (double)json_integer_value(count) : NAN;
}

const json_t *rg_find_case(const json_t *group, const char *name)
{
    size_t i;
    json_t *one;
    json_array_foreach(json_object_get(group, "cases"), i, one) if (!strcmp(rg_text(one, "name"), name)) return one;
    return NULL;
}

const json_t *rg_find_group(const json_t *counts, const json_t *like)
{
    size_t i;
    json_t *group;
    json_array_foreach(json_object_get(counts, "groups"), i, group)
    {
        bool same_source = !strcmp(rg_text(group, "source"), rg_text(like, "source"));
        if (same_source && !strcmp(rg_text(group, "isa"), rg_text(like, "isa"))) return group;
    }
    return NULL;
}

/* HEAD runs another instruction set's code than BASE, and not at last the group's own. */
static bool fell_back(const char *base_isa, const char *head_isa, const json_t *group)
{
    return *base_isa && *head_isa && strcmp(base_isa, head_isa) && strcmp(head_isa, rg_text(group, "isa"));
}

static void compare_case(struct rg_result *result, const char *source, const json_t *base, const json_t *head_group)
{
    const json_t *head = rg_find_case(head_group, rg_text(base, "name"));
    const char *base_isa = rg_text(base, "isa"), *head_isa = rg_text(head, "isa");
    char fallback[128];
    struct rg_case c = {.kind = RG_COUNT,
                        .name = rg_text(base, "name"),
                        .source = source,
                        .base = count_of(base),
                        .head = count_of(head),
                        .limit_percent = rg_count_limit_percent,
                        .hard = true};
    json_t *limit = json_object_get(base, "limit_percent");
    if (limit) c.limit_percent = json_number_value(limit);
    if (isnan(c.base)) {
        c.verdict = RG_NOT_COUNTED;
        c.reason = rg_text(base, "reason");
    } else if (!head_group) {
        c.verdict = RG_VANISHED;
        c.reason = "HEAD does not count this source and instruction set";
    } else if (!head && json_object_get(head_group, "reason")) {
        c.verdict = RG_SKIPPED;
        c.reason = rg_text(head_group, "reason");
    } else if (!head) {
        c.verdict = RG_VANISHED;
        c.reason = "HEAD has no case of this name";
    } else if (isnan(c.head)) {
        c.verdict = RG_SKIPPED;
        c.reason = rg_text(head, "reason");
    } else if (fell_back(base_isa, head_isa, head_group)) {
        snprintf(fallback, sizeof fallback, "code of %.40s, was %.40s", head_isa, base_isa);
        c.verdict = RG_FELL_BACK;
        c.reason = fallback;
    }
    rg_add(result, &c);
}

static void compare_cases(struct rg_result *result, const char *source, const json_t *base, const json_t *head)
{
    size_t i;
    json_t *one;
    json_array_foreach(json_object_get(base, "cases"), i, one) compare_case(result, source, one, head);
    json_array_foreach(json_object_get(head, "cases"), i, one)
    {
        if (rg_find_case(base, rg_text(one, "name"))) continue;
        bool counted = !isnan(count_of(one));
        rg_add(result, &(struct rg_case){.kind = RG_COUNT,
                                         .name = rg_text(one, "name"),
                                         .source = source,
                                         .base = NAN,
                                         .head = count_of(one),
                                         .verdict = counted ? RG_NEW : RG_NOT_COUNTED,
                                         .reason = counted ? NULL : rg_text(one, "reason")});
    }
}

void rg_group_name(char name[RG_GROUP_NAME], const json_t *group)
{
    const char *compiler = rg_text(group, "compiler");
    snprintf(name, RG_GROUP_NAME, "%.30s-%.30s%s%.40s", rg_text(group, "source"), rg_text(group, "isa"),
             *compiler ? "-" : "", compiler);
}

/* Both tell it, and they differ. */
static bool differ(const json_t *base, const json_t *head, const char *key)
{
    const char *of_base = rg_text(base, key), *of_head = rg_text(head, key);
    return *of_base && *of_head && strcmp(of_base, of_head);
}

void rg_compare_group(struct rg_result *result, const char *what, const json_t *base, const json_t *head)
{
    char source[RG_GROUP_NAME];
    rg_group_name(source, base);
    if (json_object_get(base, "reason"))
        rg_note(result, "%s: BASE is not counted: %s", what, rg_text(base, "reason"));
    else if (json_is_true(json_object_get(head, "machine_lacks")))
        rg_note(result, "%s: not gated, as this machine cannot count it: %s", what, rg_text(head, "reason"));
    else if (differ(base, head, "compiler"))
        rg_note(result, "%s: not gated, as %s compiled BASE, and %s HEAD", what, rg_text(base, "compiler"),
                rg_text(head, "compiler"));
    else if (differ(base, head, "libc"))
        rg_note(result, "%s: not gated, as it was counted with %s, and here is %s, whose functions are counted too",
                what, rg_text(base, "libc"), rg_text(head, "libc"));
    else
        compare_cases(result, source, base, head);
}

void rg_compare_counts(struct rg_result *result, const json_t *base, const json_t *head)
{
    size_t i;
    json_t *group;
    char source[RG_GROUP_NAME];
    json_array_foreach(json_object_get(base, "groups"), i, group)
    {
        const json_t *other = rg_find_group(head, group);
        rg_group_name(source, group);
        if (!other && json_object_get(head, "only_isa"))
            rg_note(result, "%s: not gated, as HEAD was counted with --isa %s", source, rg_text(head, "only_isa"));
        else
            rg_compare_group(result, source, group, other);
    }
    json_array_foreach(json_object_get(head, "groups"), i, group)
    {
        if (rg_find_group(base, group)) continue;
        rg_group_name(source, group);
        rg_note(result, "%s: BASE has none", source);
    }
}
