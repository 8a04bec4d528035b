/* OpenBLAS: SGEMM. libopenblas.so.0 is OpenBLAS by its name, where libblas.so.3 may be any BLAS. */
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "load.h"
#include "peer.h"

enum { ROW_MAJOR = 101, NO_TRANS = 111 }; /* of CBLAS */
typedef void sgemm_fn(int order, int transa, int transb, int m, int n, int k, float alpha, const float *a, int lda,
                      const float *b, int ldb, float beta, float *c, int ldc);

static sgemm_fn *sgemm;
static void (*set_threads)(int);
static int (*get_threads)(void);
static char *(*get_config)(void);
static char *(*get_corename)(void);

static const char package[] = "libopenblas-dev";
static const struct cb_symbol symbols[] = {{"cblas_sgemm", &sgemm},
                                           {"openblas_set_num_threads", &set_threads},
                                           {"openblas_get_num_threads", &get_threads},
                                           {"openblas_get_config", &get_config},
                                           {"openblas_get_corename", &get_corename}};

/* Its other cores have kernels of SSE or AVX, or are of other architectures. */
static enum cb_isa isa_of(const char *core)
{
    static const struct {
        const char *name;
        enum cb_isa isa;
    } cores[] = {{"SapphireRapids", CB_ISA_AVX512BF16},
                 {"Cooperlake", CB_ISA_AVX512BF16},
                 {"SkylakeX", CB_ISA_AVX512},
                 {"Zen", CB_ISA_AVX2},
                 {"Excavator", CB_ISA_AVX2},
                 {"Haswell", CB_ISA_AVX2},
                 {"Steamroller", CB_ISA_SCALAR},
                 {"Piledriver", CB_ISA_SCALAR},
                 {"Bulldozer", CB_ISA_SCALAR},
                 {"Sandybridge", CB_ISA_SCALAR},
                 {"Bobcat", CB_ISA_SCALAR},
                 {"Barcelona", CB_ISA_SCALAR},
                 {"Nehalem", CB_ISA_SCALAR},
                 {"Atom", CB_ISA_SCALAR},
                 {"Dunnington", CB_ISA_SCALAR},
                 {"Penryn", CB_ISA_SCALAR},
                 {"Core2", CB_ISA_SCALAR},
                 {"Prescott", CB_ISA_SCALAR},
                 {"Katmai", CB_ISA_SCALAR},
                 {"Northwood", CB_ISA_SCALAR}};
    for (size_t i = 0; i < sizeof cores / sizeof *cores; i++)
        if (!strcasecmp(core, cores[i].name)) return cores[i].isa;
    return CB_ISA_COUNT;
}

static const char *kernels_value(enum cb_isa isa)
{
    switch (isa) {
    case CB_ISA_AVX2:
        return "Haswell";
    case CB_ISA_AVX512:
    case CB_ISA_AVX512BF16: /* SGEMM is the same on Cooperlake */
        return "SkylakeX";
    default:
        return NULL;
    }
}

/* "OpenBLAS 0.3.21 NO_LAPACKE ...": the second word. */
static void read_version(char *version, size_t bytes, const char *config)
{
    const char *begin = strchr(config, ' ');
    begin = begin ? begin + 1 : config;
    snprintf(version, bytes, "%.*s", (int)strcspn(begin, " "), begin);
}

static enum cb_status start(size_t threads, struct cb_peer_about *about, struct cb_error *err)
{
    static const char *const files[] = {"libopenblas.so.0", NULL};
    char path[PATH_MAX];
    void *library, *function;
    enum cb_status status = cb_load(&library, files, package, err);
    if (!status) status = cb_load_symbols(library, symbols, sizeof symbols / sizeof *symbols, err);
    if (status) return status;
    set_threads((int)threads);
    if (get_threads() != (int)threads)
        return cb_fail(err, CB_UNAVAILABLE, "left out: %d threads instead of %zu", get_threads(), threads);
    read_version(about->version, sizeof about->version, get_config());
    snprintf(about->kernels, sizeof about->kernels, "%s", get_corename());
    about->isa = isa_of(about->kernels);
    memcpy(&function, &sgemm, sizeof function);
    snprintf(about->text, sizeof about->text, "%s, core %s, threads: %d, %.900s", get_config(), about->kernels,
             get_threads(), cb_loaded_file(function, path));
    return CB_OK;
}

static const char *prepare(const struct cb_gemm *g)
{
    return g->m > INT_MAX || g->n > INT_MAX || g->k > INT_MAX ? "larger than its integers" : NULL;
}

static enum cb_status run(const struct cb_gemm *g, struct cb_error *err)
{
    (void)err;
    sgemm(ROW_MAJOR, NO_TRANS, NO_TRANS, (int)g->m, (int)g->n, (int)g->k, 1, g->a, (int)g->lda, g->b, (int)g->ldb, 0,
          g->c, (int)g->ldc);
    return CB_OK;
}

static const struct cb_gemm_functions gemm = {.prepare = prepare, .run = run};

const struct cb_peer cb_peer_openblas = {.name = "OpenBLAS",
                                         .package = package,
                                         .prefixes = {"OPENBLAS_", "GOTO_"},
                                         .kernels_variables = {"OPENBLAS_CORETYPE"},
                                         .kernels_value = kernels_value,
                                         .own_threads = true,
                                         .start = start,
                                         .gemm = &gemm};
