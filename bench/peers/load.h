#ifndef CB_LOAD_H
#define CB_LOAD_H

#include <limits.h>
#include <stddef.h>

#include "core/status.h"

/* Libraries are loaded while the program runs, their names kept apart (RTLD_LOCAL): OpenBLAS and BLIS both export
 * cblas_sgemm, and a linker would take whichever comes first. */

/* A function to find; pointer: where its address goes. */
struct cb_symbol {
    const char *name;
    void *pointer;
};

/* Opens the first of the files (NULL ends them) that can be loaded. CB_UNAVAILABLE: none; the message says why, and
 * which package has one. */
enum cb_status cb_load(void **library, const char *const *files, const char *package, struct cb_error *err);
/* Finds all n functions. CB_UNAVAILABLE names the first that is missing. */
enum cb_status cb_load_symbols(void *library, const struct cb_symbol *symbols, size_t n, struct cb_error *err);

/* The file that a function was loaded from, links resolved. */
const char *cb_loaded_file(const void *function, char path[PATH_MAX]);

#endif
