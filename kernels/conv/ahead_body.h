/* Fetching what the loaders will read next while this is computed: they would otherwise wait for memory. A few lines at
 * a time, evenly spread: a burst would take the line-fill buffers from the kernel's own loads. Needs vec.h. */

struct ahead {
    struct {
        const float *next;
        size_t lines; /* of 64 bytes, still to fetch */
    } streams[5];
    size_t n;
    size_t rate, credit; /* lines to fetch at a step, and the fraction carried over; 256 are a line */
};

/* `floats` floats at from + at, as far as they lie within the `size` floats of the tensor; none if from is NULL. What
 * is added last is fetched first. */
CB_INLINE void ahead_range(struct ahead *a, const float *from, size_t at, size_t floats, size_t size)
{
    if (!from || at >= size) return;
    a->streams[a->n].next = from + at;
    a->streams[a->n++].lines = (floats < size - at ? floats : size - at) / CB_LANES;
}

/* The image of `floats` floats at from + image * floats. */
CB_INLINE void ahead_add(struct ahead *a, const float *from, size_t floats, size_t image, size_t n)
{
    ahead_range(a, from, image * floats, floats, n * floats);
}

/* Spreads the fetches over so many steps. */
CB_INLINE void ahead_spread(struct ahead *a, size_t steps)
{
    size_t lines = 0;
    for (size_t i = 0; i < a->n; i++) lines += a->streams[i].lines;
    a->rate = (lines * 256 + steps - 1) / steps;
}

CB_INLINE void ahead_fetch(struct ahead *a, size_t steps)
{
    a->credit += steps * a->rate;
    for (; a->credit >= 256 && a->n > 0; a->credit -= 256) {
        __builtin_prefetch(a->streams[a->n - 1].next, 0, 2);
        a->streams[a->n - 1].next += CB_LANES;
        if (--a->streams[a->n - 1].lines == 0) a->n--;
    }
}
