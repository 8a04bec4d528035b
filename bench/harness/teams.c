#include "teams.h"

#include <stdio.h>
#include <string.h>

#include "instruments.h"

static enum cb_status bind_one(json_t *teams, size_t threads, const char **placement, struct cb_error *err)
{
    struct cb_team *team = NULL;
    enum cb_status status = cb_bind_threads(threads, placement, err);
    if (!status) status = cb_team_create(&team, threads, 0, err);
    if (!status) {
        json_t *cpus = cb_team_cpus(team);
        json_array_append_new(teams, json_pack("{s:i, s:s, s:o, s:s*}", "threads", (int)threads, "placement",
                                               *placement, "thread_cpus", cpus ? cpus : json_null(),
                                               "thread_cpus_reason", cpus ? NULL : "the system does not tell"));
    }
    cb_team_destroy(team);
    return status;
}

enum cb_status cb_teams_bind(const size_t *threads, size_t n, json_t **teams, const char **placement,
                             struct cb_error *err)
{
    size_t largest = 0;
    for (size_t i = 1; i < n; i++)
        if (threads[i] > threads[largest]) largest = i;
    *teams = json_array();
    enum cb_status status = *teams ? CB_OK : cb_fail(err, CB_NO_MEMORY, "out of memory for the teams");
    for (size_t i = 0; i < n && !status; i++) status = bind_one(*teams, threads[i], placement, err);
    if (!status && largest != n - 1) status = cb_bind_threads(threads[largest], placement, err);
    return status;
}

static bool all_equal(const json_t *cpus)
{
    for (size_t i = 1; i < json_array_size(cpus); i++)
        if (!json_equal(json_array_get(cpus, i), json_array_get(cpus, 0))) return false;
    return true;
}

void cb_teams_print(const json_t *teams, FILE *out)
{
    size_t i, t;
    const json_t *team, *cpu;
    json_array_foreach(teams, i, team)
    {
        const json_t *cpus = json_object_get(team, "thread_cpus");
        bool one_list = json_array_size(cpus) > 1 && all_equal(cpus);
        fprintf(out, "# threads: %lld", json_integer_value(json_object_get(team, "threads")));
        json_array_foreach(cpus, t, cpu) if (!t || !one_list) fprintf(out, "%s %s",
                                                                      t          ? ","
                                                                      : one_list ? ", each on CPUs"
                                                                                 : " on CPU",
                                                                      json_string_value(cpu));
        fprintf(out, ": %s\n", json_string_value(json_object_get(team, "placement")));
    }
}
