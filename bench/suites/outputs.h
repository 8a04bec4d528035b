#ifndef CB_OUTPUTS_H
#define CB_OUTPUTS_H

#include <stddef.h>

#include "core/format.h"
#include "core/status.h"

/* Results of a kernel, held bit for bit against those of the scalar reference. */

struct output {
    const char *name;
    enum cb_format format;
    void *data;
    size_t n;
};

enum { MAX_OUTPUTS = 4 };

struct outputs {
    struct output of[MAX_OUTPUTS];
    size_t n;
    unsigned char *expected; /* a copy of all; NULL: none yet */
};

/* Ignores an output that is not there (data NULL). */
void outputs_add(struct outputs *o, const char *name, enum cb_format format, void *data, size_t n);
/* What the outputs hold now is what is expected from now on. */
enum cb_status outputs_expect(struct outputs *o, struct cb_error *err);
/* Fills the outputs with NaN: what a kernel does not write is found. */
void outputs_poison(const struct outputs *o);
/* CB_UNAVAILABLE with the first difference. */
enum cb_status outputs_check(const struct outputs *o, struct cb_error *err);
void outputs_release(struct outputs *o);

#endif
