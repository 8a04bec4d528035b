/* OpenBLAS is loaded while the program runs, its names kept apart (RTLD_LOCAL): BLIS exports cblas_sgemm too, and a
 * linker would take whichever comes first. libopenblas.so.0 is OpenBLAS by its name, where libblas.so.3 may be any
 * BLAS. */
#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "gemm_peer.h"

enum { ROW_MAJOR = 101, NO_TRANS = 111 }; /* of CBLAS */
typedef void sgemm_fn(int order, int transa, int transb, int m, int n, int k, float alpha, const float *a, int lda,
                      const float *b, int ldb, float beta, float *c, int ldc);

static sgemm_fn *sgemm;

/* The library's own file, where links of the system led to it. */
static const char *file_of(const void *symbol, char path[PATH_MAX])
{
    Dl_info info;
    return dladdr(symbol, &info) && realpath(info.dli_fname, path) ? path : "file unknown";
}

static enum cb_status start(size_t threads, char *about, size_t bytes, struct cb_error *err)
{
    void *library = dlopen("libopenblas.so.0", RTLD_NOW | RTLD_LOCAL);
    if (!library) return cb_fail(err, CB_UNAVAILABLE, "not found (%s; libopenblas-dev has it)", dlerror());
    void *symbol = dlsym(library, "cblas_sgemm");
    sgemm = (sgemm_fn *)symbol;
    void (*set_threads)(int) = (void (*)(int))dlsym(library, "openblas_set_num_threads");
    int (*get_threads)(void) = (int (*)(void))dlsym(library, "openblas_get_num_threads");
    char *(*config)(void) = (char *(*)(void))dlsym(library, "openblas_get_config");
    char *(*core)(void) = (char *(*)(void))dlsym(library, "openblas_get_corename");
    if (!sgemm || !set_threads || !get_threads || !config || !core)
        return cb_fail(err, CB_UNAVAILABLE, "libopenblas.so.0 lacks functions of OpenBLAS: is it another library?");
    set_threads((int)threads);
    if (get_threads() != (int)threads)
        return cb_fail(err, CB_UNAVAILABLE, "left out: %d threads instead of %zu", get_threads(), threads);
    char path[PATH_MAX];
    snprintf(about, bytes, "%s, core %s, threads: %d, %s", config(), core(), get_threads(), file_of(symbol, path));
    return CB_OK;
}

static const char *prepare(const struct cb_gemm *gemm)
{
    return gemm->m > INT_MAX || gemm->n > INT_MAX || gemm->k > INT_MAX ? "larger than its integers" : NULL;
}

static enum cb_status run(const struct cb_gemm *g, struct cb_error *err)
{
    (void)err;
    sgemm(ROW_MAJOR, NO_TRANS, NO_TRANS, (int)g->m, (int)g->n, (int)g->k, 1, g->a, (int)g->lda, g->b, (int)g->ldb, 0,
          g->c, (int)g->ldc);
    return CB_OK;
}

const struct cb_gemm_peer cb_gemm_openblas = {"OpenBLAS", true, start, prepare, run};
