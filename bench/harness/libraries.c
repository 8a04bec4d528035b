#include "libraries.h"

#include <stdbool.h>

#include "gemm_peer.h"
#include "peers.h"

/* oneDNN's functions for convolutions and for SGEMM share their start. */
static const struct cb_gemm_peer *const libraries[CB_LIBRARIES] = {&cb_gemm_onednn, &cb_gemm_openblas, &cb_gemm_blis,
                                                                   &cb_gemm_libxsmm};
static bool ready[CB_LIBRARIES];
static json_t *about;

void cb_libraries_start(size_t threads)
{
    json_t *all = cb_libraries_json();
    json_array_clear(all);
    for (size_t i = 0; i < CB_LIBRARIES; i++)
        ready[i] = cb_peers_start(all, libraries[i]->name, libraries[i]->start, threads);
}

enum cb_status cb_libraries_use_threads(size_t threads, struct cb_error *err)
{
    char ignored[2048];
    struct cb_error why;
    for (size_t i = 0; i < CB_LIBRARIES; i++)
        if (ready[i] && libraries[i]->start(threads, ignored, sizeof ignored, &why))
            return cb_fail(err, CB_UNAVAILABLE, "%s does not take %zu threads: %.800s", libraries[i]->name, threads,
                           why.text);
    return CB_OK;
}

size_t cb_libraries_ready(const char *names[CB_LIBRARIES])
{
    size_t n = 0;
    for (size_t i = 0; i < CB_LIBRARIES; i++)
        if (ready[i]) names[n++] = libraries[i]->name;
    return n;
}

json_t *cb_libraries_json(void)
{
    if (!about) about = json_array();
    return about;
}
