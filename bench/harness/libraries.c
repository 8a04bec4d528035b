#include "libraries.h"

#include <string.h>

/* Here, so that a test's library of missing peers takes the place of the others when it is linked. */
const struct cb_gemm_peer *const cb_gemm_peers[CB_GEMM_PEERS] = {&cb_gemm_onednn, &cb_gemm_openblas, &cb_gemm_blis,
                                                                 &cb_gemm_libxsmm};

static struct cb_kernel_choice choices[CB_GEMM_PEERS];
static size_t started;

void cb_libraries_start(size_t threads, enum cb_isa best)
{
    for (started = 0; started < CB_GEMM_PEERS; started++)
        cb_choose_kernels(&choices[started], cb_gemm_peers[started], threads, best);
}

enum cb_status cb_libraries_use_threads(size_t threads, struct cb_error *err)
{
    struct cb_peer_about ignored;
    struct cb_error why;
    for (size_t i = 0; i < started; i++)
        if (choices[i].ready && cb_gemm_peers[i]->start(threads, &ignored, &why))
            return cb_fail(err, CB_UNAVAILABLE, "%s does not take %zu threads: %.800s", choices[i].library, threads,
                           why.text);
    return CB_OK;
}

size_t cb_libraries_ready(const char *names[CB_GEMM_PEERS])
{
    size_t n = 0;
    for (size_t i = 0; i < started; i++)
        if (choices[i].ready) names[n++] = choices[i].library;
    return n;
}

const struct cb_kernel_choice *cb_library_choice(const char *name)
{
    for (size_t i = 0; i < started; i++)
        if (!strcmp(choices[i].library, name)) return &choices[i];
    return NULL;
}

json_t *cb_libraries_json(void)
{
    json_t *all = json_array();
    for (size_t i = 0; i < started; i++) json_array_append_new(all, cb_kernel_choice_json(&choices[i]));
    return all;
}

void cb_libraries_print(void)
{
    for (size_t i = 0; i < started; i++) cb_kernel_choice_print(&choices[i]);
}
