/* Fetching what the loaders will read next while this is computed: they would otherwise wait for memory. A few lines at
 * a time, evenly spread: a burst would take the line-fill buffers from the kernel's own loads. Needs
 * vec/stored_*.h. */

enum { LINE = 64 }; /* bytes */

struct ahead {
    struct {
        const char *next;
        size_t lines; /* still to fetch */
    } streams[5];
    size_t n;
    size_t rate, credit; /* lines to fetch at a step, and the fraction carried over; 256 are a line */
};

/* `len` elements at from + at, as far as they lie within the `size` elements of the tensor; none if from is NULL. What
 * is added last is fetched first. */
CB_INLINE void ahead_range(struct ahead *a, const stored *from, size_t at, size_t len, size_t size)
{
    if (!from || at >= size) return;
    a->streams[a->n].next = (const char *)(from + at);
    a->streams[a->n++].lines = (len < size - at ? len : size - at) * sizeof(stored) / LINE;
}

/* Image number `image` of n with `len` elements each. */
CB_INLINE void ahead_add(struct ahead *a, const stored *from, size_t len, size_t image, size_t n)
{
    ahead_range(a, from, image * len, len, n * len);
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
        a->streams[a->n - 1].next += LINE;
        if (--a->streams[a->n - 1].lines == 0) a->n--;
    }
}
