/* BLIS: SGEMM through its own typed interface, which no other library shares. */
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "load.h"
#include "peer.h"

/* As its header declares them where integers have 64 bits, which start() asks. */
typedef int64_t integer;
enum { NO_TRANSPOSE = 0 };
typedef void sgemm_fn(int transa, int transb, integer m, integer n, integer k, const float *alpha, const float *a,
                      integer row_stride_a, integer column_stride_a, const float *b, integer row_stride_b,
                      integer column_stride_b, const float *beta, float *c, integer row_stride_c,
                      integer column_stride_c);

static sgemm_fn *sgemm;
static void (*set_threads)(integer);
static integer (*get_threads)(void);
static integer (*integer_bits)(void);
static const char *(*get_version)(void);
static int (*configuration_id)(void);
static const char *(*configuration_name)(int);

static const char package[] = "libblis-dev";
static const struct cb_symbol symbols[] = {{"bli_sgemm", &sgemm},
                                           {"bli_thread_set_num_threads", &set_threads},
                                           {"bli_thread_get_num_threads", &get_threads},
                                           {"bli_info_get_int_type_size", &integer_bits},
                                           {"bli_info_get_version_str", &get_version},
                                           {"bli_arch_query_id", &configuration_id},
                                           {"bli_arch_string", &configuration_name}};

static enum cb_isa isa_of(const char *configuration)
{
    static const struct {
        const char *name;
        enum cb_isa isa;
    } configurations[] = {{"skx", CB_ISA_AVX512},         {"knl", CB_ISA_AVX512},    {"zen5", CB_ISA_AVX512},
                          {"zen4", CB_ISA_AVX512},        {"haswell", CB_ISA_AVX2},  {"zen", CB_ISA_AVX2},
                          {"zen2", CB_ISA_AVX2},          {"zen3", CB_ISA_AVX2},     {"excavator", CB_ISA_AVX2},
                          {"sandybridge", CB_ISA_SCALAR}, {"penryn", CB_ISA_SCALAR}, {"generic", CB_ISA_SCALAR}};
    for (size_t i = 0; i < sizeof configurations / sizeof *configurations; i++)
        if (!strcmp(configuration, configurations[i].name)) return configurations[i].isa;
    return CB_ISA_COUNT;
}

static enum cb_status load(struct cb_error *err)
{
    static const char *const files[] = {"libblis.so.4", NULL};
    void *library;
    enum cb_status status = cb_load(&library, files, package, err);
    if (!status) status = cb_load_symbols(library, symbols, sizeof symbols / sizeof *symbols, err);
    if (status || integer_bits() == 64) return status;
    return cb_fail(err, CB_UNAVAILABLE, "its integers have %d bits, expected 64", (int)integer_bits());
}

/* It takes a configuration's number, which differs between versions. "generic" is the last. */
static const char *kernels_value(enum cb_isa isa)
{
    static char number[16];
    const char *wanted = isa == CB_ISA_AVX2                                 ? "haswell"
                         : isa == CB_ISA_AVX512 || isa == CB_ISA_AVX512BF16 ? "skx"
                                                                            : NULL;
    struct cb_error err;
    if (!wanted || load(&err)) return NULL;
    for (int id = 0;; id++) {
        const char *name = configuration_name(id);
        snprintf(number, sizeof number, "%d", id);
        if (!strcmp(name, wanted)) return number;
        if (!strcmp(name, "generic")) return NULL;
    }
}

static enum cb_status start(size_t threads, struct cb_peer_about *about, struct cb_error *err)
{
    char path[PATH_MAX];
    void *function;
    enum cb_status status = load(err);
    if (status) return status;
    set_threads((integer)threads);
    snprintf(about->version, sizeof about->version, "%s", get_version());
    snprintf(about->kernels, sizeof about->kernels, "%s", configuration_name(configuration_id()));
    about->isa = isa_of(about->kernels);
    memcpy(&function, &sgemm, sizeof function);
    snprintf(about->text, sizeof about->text, "%s, configuration %s, threads: %d, %.900s", about->version,
             about->kernels, (int)get_threads(), cb_loaded_file(function, path));
    return CB_OK;
}

static const char *prepare(const struct cb_gemm *g)
{
    (void)g;
    return NULL;
}

static enum cb_status run(const struct cb_gemm *g, struct cb_error *err)
{
    (void)err;
    const float one = 1, zero = 0;
    sgemm(NO_TRANSPOSE, NO_TRANSPOSE, (integer)g->m, (integer)g->n, (integer)g->k, &one, g->a, (integer)g->lda, 1, g->b,
          (integer)g->ldb, 1, &zero, g->c, (integer)g->ldc, 1);
    return CB_OK;
}

static const struct cb_gemm_functions gemm = {.prepare = prepare, .run = run};

/* Debian has it with OpenMP or with threads of its own. */
const struct cb_peer cb_peer_blis = {.name = "BLIS",
                                     .package = package,
                                     .prefixes = {"BLIS_"},
                                     .kernels_variables = {"BLIS_ARCH_TYPE"},
                                     .kernels_value = kernels_value,
                                     .own_threads = true,
                                     .start = start,
                                     .gemm = &gemm};
