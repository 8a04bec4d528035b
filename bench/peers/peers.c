#include "peers.h"

#include <stdio.h>
#include <string.h>

extern char **environ;

bool cb_peers_start(json_t *peers, const char *name, cb_peer_start_fn *start, size_t threads)
{
    char about[2048];
    struct cb_error err;
    if (start(threads, about, sizeof about, &err)) {
        json_array_append_new(peers, json_pack("{s:s, s:n, s:s}", "name", name, "about", "about_reason", err.text));
        return false;
    }
    json_array_append_new(peers, json_pack("{s:s, s:s}", "name", name, "about", about));
    return true;
}

json_t *cb_peers_environment(void)
{
    static const char *const prefixes[] = {"OPENBLAS_", "GOTO_", "BLIS_", "LIBXSMM_", "ONEDNN_",
                                           "DNNL_",     "OMP_",  "GOMP_", "KMP_"};
    json_t *set = json_object();
    for (char **variable = environ; *variable; variable++)
        for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++) {
            const char *equals = strchr(*variable, '=');
            if (!equals || strncmp(*variable, prefixes[i], strlen(prefixes[i]))) continue;
            char name[256];
            snprintf(name, sizeof name, "%.*s", (int)(equals - *variable), *variable);
            json_object_set_new(set, name, json_string(equals + 1));
        }
    return set;
}

void cb_peers_print(const json_t *peers, const json_t *environment)
{
    size_t i;
    const json_t *peer, *value;
    json_array_foreach(peers, i, peer)
    {
        const char *about = json_string_value(json_object_get(peer, "about"));
        if (!about) about = json_string_value(json_object_get(peer, "about_reason"));
        printf("# %s: %s\n", json_string_value(json_object_get(peer, "name")), about);
    }
    printf("# environment of the peers:");
    const char *name;
    json_object_foreach((json_t *)environment, name, value) printf(" %s=%s", name, json_string_value(value));
    printf("%s\n", json_object_size(environment) ? "" : " nothing set");
}
