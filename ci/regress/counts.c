#include <math.h>
#include <stdio.h>
#include <string.h>

#include "regress.h"

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

static double count_of(const json_t *one)
{
    const json_t *count = json_object_get(one, "count");
    return json_is_integer(count) ? (double)json_integer_value(count) : NAN;
}

static const json_t *find_case(const json_t *group, const char *name)
{
    size_t i;
    json_t *one;
    json_array_foreach(json_object_get(group, "cases"), i, one) if (!strcmp(text_of(one, "name"), name)) return one;
    return NULL;
}

static const json_t *find_group(const json_t *counts, const json_t *like)
{
    size_t i;
    json_t *group;
    json_array_foreach(json_object_get(counts, "groups"), i,
                       group) if (!strcmp(text_of(group, "source"), text_of(like, "source")) &&
                                  !strcmp(text_of(group, "isa"), text_of(like, "isa"))) return group;
    return NULL;
}

static void compare_case(struct rg_result *result, const char *source, const json_t *base, const json_t *head_group)
{
    const json_t *head = find_case(head_group, text_of(base, "name"));
    struct rg_case c = {.kind = RG_COUNT,
                        .name = text_of(base, "name"),
                        .source = source,
                        .base = count_of(base),
                        .head = count_of(head),
                        .base_text = text_of(base, "isa"),
                        .head_text = head ? text_of(head, "isa") : NULL,
                        .limit_percent = rg_count_limit_percent,
                        .hard = true};
    json_t *limit = json_object_get(base, "limit_percent");
    if (limit) c.limit_percent = json_number_value(limit);
    if (isnan(c.base)) {
        c.verdict = RG_NOT_COUNTED;
        c.reason = text_of(base, "reason");
    } else if (!head) {
        c.verdict = RG_VANISHED;
        c.reason =
            json_object_get(head_group, "reason") ? text_of(head_group, "reason") : "HEAD has no case of this name";
        if (json_object_get(head_group, "reason")) c.verdict = RG_SKIPPED;
    } else if (isnan(c.head)) {
        c.verdict = RG_SKIPPED;
        c.reason = text_of(head, "reason");
    }
    rg_add(result, &c);
}

void rg_compare_group(struct rg_result *result, const json_t *base, const json_t *head)
{
    char source[RG_GROUP_NAME];
    rg_group_name(source, base);
    size_t i;
    json_t *one;
    json_array_foreach(json_object_get(base, "cases"), i, one) compare_case(result, source, one, head);
    json_array_foreach(json_object_get(head, "cases"), i, one)
    {
        if (find_case(base, text_of(one, "name"))) continue;
        struct rg_case c = {.kind = RG_COUNT,
                            .name = text_of(one, "name"),
                            .source = source,
                            .base = NAN,
                            .head = count_of(one),
                            .verdict = isnan(count_of(one)) ? RG_NOT_COUNTED : RG_NEW,
                            .reason = isnan(count_of(one)) ? text_of(one, "reason") : NULL};
        rg_add(result, &c);
    }
}

void rg_group_name(char name[RG_GROUP_NAME], const json_t *group)
{
    const char *compiler = text_of(group, "compiler");
    snprintf(name, RG_GROUP_NAME, "%.30s-%.30s%s%.40s", text_of(group, "source"), text_of(group, "isa"),
             *compiler ? "-" : "", compiler);
}

void rg_compare_counts(struct rg_result *result, const json_t *base, const json_t *head)
{
    size_t i;
    json_t *group;
    char source[RG_GROUP_NAME];
    json_array_foreach(json_object_get(base, "groups"), i, group)
    {
        const json_t *other = find_group(head, group);
        rg_group_name(source, other ? other : group);
        if (json_object_get(group, "reason"))
            rg_note(result, "%s: BASE is not counted: %s", source, text_of(group, "reason"));
        else if (other && strcmp(text_of(group, "compiler"), text_of(other, "compiler")) && *text_of(other, "compiler"))
            rg_note(result, "%s: BASE was compiled by %s: the counts of two compilers are not compared", source,
                    text_of(group, "compiler"));
        else
            rg_compare_group(result, group, other);
    }
    json_array_foreach(json_object_get(head, "groups"), i, group)
    {
        if (find_group(base, group)) continue;
        rg_group_name(source, group);
        rg_note(result, "%s: BASE has none", source);
    }
}
