#include "environment.h"

#include <stdio.h>
#include <string.h>

#include "json_text.h"

extern char **environ;

static bool begins_with_one(const char *text, const char *const *prefixes, size_t n)
{
    for (size_t i = 0; i < n && prefixes[i]; i++)
        if (!strncmp(text, prefixes[i], strlen(prefixes[i]))) return true;
    return false;
}

const struct cb_peer *cb_peer_of_variable(const char *name)
{
    for (const struct cb_peer *const *peer = cb_peers; *peer; peer++)
        if (begins_with_one(name, (*peer)->prefixes, sizeof(*peer)->prefixes / sizeof *(*peer)->prefixes)) return *peer;
    return NULL;
}

json_t *cb_peers_environment(void)
{
    static const char *const openmp[] = {"OMP_", "GOMP_", "KMP_"};
    json_t *set = json_object();
    for (char **variable = environ; *variable; variable++) {
        char name[256];
        const char *equals = strchr(*variable, '=');
        if (!equals) continue;
        snprintf(name, sizeof name, "%.*s", (int)(equals - *variable), *variable);
        if (cb_peer_of_variable(name) || begins_with_one(name, openmp, sizeof openmp / sizeof *openmp))
            json_object_set_new(set, name, cb_json_text(equals + 1));
    }
    return set;
}

static bool chooses_kernels(const struct cb_peer *peer, const char *name)
{
    for (size_t i = 0; i < sizeof peer->kernels_variables / sizeof *peer->kernels_variables; i++)
        if (peer->kernels_variables[i] && !strcmp(name, peer->kernels_variables[i])) return true;
    return false;
}

void cb_peers_print_environment(const json_t *environment, FILE *out)
{
    const char *name;
    json_t *value;
    fprintf(out, "# environment of the peers:");
    json_object_foreach((json_t *)environment, name, value) fprintf(out, " %s=%s", name, json_string_value(value));
    fprintf(out, "%s\n", json_object_size(environment) ? "" : " nothing set");
    json_object_foreach((json_t *)environment, name, value)
    {
        const struct cb_peer *peer = cb_peer_of_variable(name);
        if (peer && !chooses_kernels(peer, name)) /* these are judged by the kernels that they lead to */
            fprintf(out, "# warning: environment: %s=%s changes what %s runs\n", name, json_string_value(value),
                    peer->name);
    }
}
