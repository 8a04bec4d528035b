/* Fetching the next image's tensors while this one is computed: the loaders would otherwise wait for memory. Needs
 * vec.h. */

struct ahead {
    struct {
        const float *next;
        size_t lines; /* of 64 bytes, still to fetch */
    } streams[3];
    size_t n;
    size_t per_step; /* lines to fetch at a time */
};

/* The image of `floats` floats at from + image * floats; none if from is NULL or the image is beyond the batch. */
CB_INLINE void ahead_add(struct ahead *a, const float *from, size_t floats, size_t image, size_t n)
{
    if (!from || image >= n) return;
    a->streams[a->n].next = from + image * floats;
    a->streams[a->n++].lines = floats / CB_LANES;
}

/* Spreads the fetches over so many steps. */
CB_INLINE void ahead_spread(struct ahead *a, size_t steps)
{
    size_t lines = 0;
    for (size_t i = 0; i < a->n; i++) lines += a->streams[i].lines;
    a->per_step = (lines + steps - 1) / steps;
}

CB_INLINE void ahead_fetch(struct ahead *a, size_t steps)
{
    for (size_t lines = steps * a->per_step; lines > 0 && a->n > 0;) {
        const float *next = a->streams[a->n - 1].next;
        size_t left = a->streams[a->n - 1].lines, take = lines < left ? lines : left;
        for (size_t i = 0; i < take; i++) __builtin_prefetch(next + i * CB_LANES, 0, 2);
        a->streams[a->n - 1].next += take * CB_LANES;
        a->streams[a->n - 1].lines -= take;
        lines -= take;
        if (take == left) a->n--;
    }
}
