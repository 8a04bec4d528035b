#include <math.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "bench.h"
#include "core/bf16.h"
#include "core/random.h"

void *cb_alloc_tensor(size_t bytes)
{
    const size_t huge = (size_t)2 << 20;
    if (bytes > PTRDIFF_MAX) return NULL;
    if (bytes < huge) return aligned_alloc(64, (bytes + 63) / 64 * 64);
    size_t rounded = (bytes + huge - 1) / huge * huge;
    void *p = aligned_alloc(huge, rounded);
    if (p) madvise(p, rounded, MADV_HUGEPAGE);
    return p;
}

enum { FILL_CHUNK = 1024 }; /* a page */

struct filling {
    uint32_t seed;
    enum cb_format format;
    void *p;
    size_t n;
};

static void fill_chunk(void *context, size_t task, void *scratch)
{
    (void)scratch;
    const struct filling *f = context;
    size_t end = (task + 1) * FILL_CHUNK < f->n ? (task + 1) * FILL_CHUNK : f->n;
    for (size_t i = task * FILL_CHUNK; i < end; i += 4) {
        uint32_t bits[4];
        cb_random_bits(f->seed, CB_RANDOM_SYNTHETIC, 0, i, bits);
        for (size_t j = 0; j < 4 && i + j < end; j++) {
            float x = 2 * cb_random_unit(bits[j]) - 1;
            if (f->format == CB_F32)
                ((float *)f->p)[i + j] = x;
            else
                ((uint16_t *)f->p)[i + j] = cb_bf16_of(x);
        }
    }
}

void cb_fill_random(struct cb_team *team, uint32_t seed, enum cb_format format, void *p, size_t n)
{
    struct filling filling = {seed, format, p, n};
    cb_team_run(team, (n + FILL_CHUNK - 1) / FILL_CHUNK, fill_chunk, &filling);
}

double cb_worst_difference(const float *expected, const float *got, size_t n)
{
    double worst = 0, largest = 0;
    for (size_t i = 0; i < n; i++) {
        double difference = fabs((double)expected[i] - (double)got[i]);
        if (isnan(difference)) return difference;
        if (difference > worst) worst = difference;
        if (fabs((double)expected[i]) > largest) largest = fabs((double)expected[i]);
    }
    return worst > 0 ? worst / largest : 0;
}
