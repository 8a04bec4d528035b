#include "torch_side.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "find.h"
#include "child.h"
#include "placement.h"

struct torch_side {
    struct cb_child *child;
    char about[512];
    char version[32];
};

static const char greeting[] = "ready ";

static bool is_there(const char *path)
{
    return !access(path, R_OK);
}

/* A child inherits the binding of the thread that starts it, which by now may be one core: it gets all that this
 * process may use, and then chooses by itself. */
static enum cb_status start_unbound(struct cb_child **child, char *const argv[], struct cb_error *err)
{
    hwloc_topology_t topology = cb_topology();
    hwloc_cpuset_t bound = topology ? hwloc_bitmap_alloc() : NULL;
    bool known = bound && !hwloc_get_cpubind(topology, bound, HWLOC_CPUBIND_THREAD);
    if (known) hwloc_set_cpubind(topology, hwloc_topology_get_topology_cpuset(topology), HWLOC_CPUBIND_THREAD);
    enum cb_status status = cb_child_start(child, argv, err);
    if (known) hwloc_set_cpubind(topology, bound, HWLOC_CPUBIND_THREAD);
    hwloc_bitmap_free(bound);
    return status;
}

static enum cb_status greet(struct torch_side *side, struct cb_error *err)
{
    enum cb_status status = cb_child_ask(side->child, NULL, side->about, sizeof side->about, err);
    if (!status && !strncmp(side->about, greeting, strlen(greeting))) {
        json_t *about = json_loads(side->about + strlen(greeting), 0, NULL);
        const char *version = json_string_value(json_object_get(about, "torch"));
        snprintf(side->version, sizeof side->version, "%s", version ? version : "");
        json_decref(about);
        return CB_OK;
    }
    if (status) return status;
    return cb_fail(err, CB_UNAVAILABLE, "PyTorch's side: expected 'ready', got '%s'", side->about);
}

enum cb_status torch_side_start(struct torch_side **out, const struct cb_network *network, size_t batch, size_t threads,
                                struct cb_error *err)
{
    char script[PATH_MAX], depth[24], shortcut[2] = {network->shortcut}, images[24], team[24];
    const char *python = getenv("CYCLEBENCH_PYTHON");
    *out = NULL;
    if (!python || !*python) python = "/usr/bin/python3";
    if (!cb_find_beside_program(script, "bench/peers/torch_step.py", "torch_step.py", is_there))
        return cb_fail(err, CB_UNAVAILABLE, "torch_step.py is not found beside the program");
    struct torch_side *side = calloc(1, sizeof *side);
    if (!side) return cb_fail(err, CB_NO_MEMORY, "out of memory for PyTorch's side");
    snprintf(depth, sizeof depth, "%zu", cb_network_depth(network));
    snprintf(images, sizeof images, "%zu", batch);
    snprintf(team, sizeof team, "%zu", threads);
    const char *argv[] = {python,    script, "--depth",   depth, "--shortcut", shortcut,
                          "--batch", images, "--threads", team,  NULL};
    enum cb_status status = start_unbound(&side->child, (char *const *)argv, err);
    if (!status) status = greet(side, err);
    if (status)
        torch_side_stop(side);
    else
        *out = side;
    return status;
}

const char *torch_side_about(const struct torch_side *side)
{
    return side->about + strlen(greeting);
}

const char *torch_side_version(const struct torch_side *side)
{
    return *side->version ? side->version : NULL;
}

static enum cb_status ask_number(struct torch_side *side, const char *request, double *number, struct cb_error *err)
{
    char answer[64], *end;
    enum cb_status status = cb_child_ask(side->child, request, answer, sizeof answer, err);
    if (status) return status;
    *number = strtod(answer, &end);
    if (end != answer && !*end) return CB_OK;
    return cb_fail(err, CB_UNAVAILABLE, "PyTorch's side: expected a number, got '%s'", answer);
}

enum cb_status torch_side_step(struct torch_side *side, bool bf16, struct cb_error *err)
{
    double seconds;
    return ask_number(side, bf16 ? "step bf16" : "step", &seconds, err);
}

double torch_side_memory_bytes(struct torch_side *side)
{
    double bytes;
    struct cb_error err;
    return ask_number(side, "memory", &bytes, &err) ? 0 : bytes;
}

void torch_side_stop(struct torch_side *side)
{
    if (!side) return;
    cb_child_stop(side->child);
    free(side);
}
