#include "libraries.h"

static struct cb_kernel_choice choices[CB_PEERS];
static size_t started;

static bool in_this_process(size_t i)
{
    return !cb_peers[i]->own_process;
}

void cb_libraries_start(size_t threads, enum cb_isa best)
{
    for (started = 0; cb_peers[started]; started++)
        if (in_this_process(started)) cb_choose_kernels(&choices[started], cb_peers[started], threads, best);
}

enum cb_status cb_libraries_use_threads(size_t threads, struct cb_error *err)
{
    struct cb_peer_about ignored;
    struct cb_error why;
    for (size_t i = 0; i < started; i++)
        if (choices[i].ready && cb_peers[i]->start(threads, &ignored, &why))
            return cb_fail(err, CB_UNAVAILABLE, "%s does not take %zu threads: %.800s", cb_peers[i]->name, threads,
                           why.text);
    return CB_OK;
}

const struct cb_kernel_choice *cb_library_choice(const struct cb_peer *peer)
{
    for (size_t i = 0; i < started; i++)
        if (cb_peers[i] == peer && in_this_process(i)) return &choices[i];
    return NULL;
}

json_t *cb_libraries_json(void)
{
    json_t *all = json_array();
    for (size_t i = 0; i < started; i++)
        if (in_this_process(i)) json_array_append_new(all, cb_kernel_choice_json(&choices[i]));
    return all;
}

void cb_libraries_print(FILE *out)
{
    for (size_t i = 0; i < started; i++)
        if (in_this_process(i)) cb_kernel_choice_print(&choices[i], out);
}
