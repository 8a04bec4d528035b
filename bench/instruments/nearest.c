#include "nearest.h"

#include <stdint.h>
#include <string.h>

static size_t least(size_t a, size_t b, size_t c)
{
    const size_t ab = a < b ? a : b;
    return ab < c ? ab : c;
}

/* Row by row through the table of distances between the beginnings of a and of b. */
static size_t distance(const char *a, const char *b)
{
    size_t row[64];
    const size_t n = strlen(a), m = strlen(b);
    if (m >= sizeof row / sizeof *row) return SIZE_MAX;
    for (size_t j = 0; j <= m; j++) row[j] = j;
    for (size_t i = 1; i <= n; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= m; j++) {
            const size_t above = row[j];
            row[j] = least(above + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1]));
            diagonal = above;
        }
    }
    return row[m];
}

const char *cb_nearest(const char *wanted, const char *const *names, size_t count, size_t max_slips)
{
    const char *nearest = NULL;
    size_t best = SIZE_MAX;
    for (size_t i = 0; i < count; i++) {
        const size_t d = distance(wanted, names[i]);
        if (d > max_slips || d >= best) continue;
        best = d;
        nearest = names[i];
    }
    return nearest;
}
