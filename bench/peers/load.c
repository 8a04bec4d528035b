#include "load.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum cb_status cb_load(void **library, const char *const *files, const char *package, struct cb_error *err)
{
    char why[512] = "";
    *library = NULL;
    for (; *files && !*library; files++) {
        *library = dlopen(*files, RTLD_NOW | RTLD_LOCAL);
        const char *error = *library ? NULL : dlerror();
        /* That one file is broken says more than that the others are not there. */
        if (error && (!*why || !strstr(error, "No such file"))) snprintf(why, sizeof why, "%s", error);
    }
    return *library ? CB_OK : cb_fail(err, CB_UNAVAILABLE, "not found (%s; %s has it)", why, package);
}

enum cb_status cb_load_symbols(void *library, const struct cb_symbol *symbols, size_t n, struct cb_error *err)
{
    for (size_t i = 0; i < n; i++) {
        void *address = dlsym(library, symbols[i].name);
        if (!address)
            return cb_fail(err, CB_UNAVAILABLE, "lacks the function %s: is it another library, or another version?",
                           symbols[i].name);
        memcpy(symbols[i].pointer, &address, sizeof address);
    }
    return CB_OK;
}

const char *cb_loaded_file(const void *function, char path[PATH_MAX])
{
    Dl_info info;
    return dladdr(function, &info) && realpath(info.dli_fname, path) ? path : "file unknown";
}
