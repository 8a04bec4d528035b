/* Fetching what the loaders will read next while this is computed: they would otherwise wait for memory. Evenly spread: a
 * burst would take the line-fill buffers from the kernel's own loads. Needs vec/stored_*.h. */

enum { LINE = 64 }; /* bytes */

/* Rows of `len` bytes, `pitch` bytes apart. */
struct ahead_stream {
    const char *row;
    size_t len, pitch, rows;
};

struct ahead {
    const char *next, *end;         /* of the row at hand */
    size_t rate;                    /* bytes to go on at a step */
    struct ahead_stream streams[5]; /* the last one first */
    size_t n;
};

/* `len` elements at from + at, as far as they lie within the `size` elements of the tensor; none if from is NULL. What
 * is added last is fetched first. */
CB_INLINE void ahead_range(struct ahead *a, const stored *from, size_t at, size_t len, size_t size)
{
    if (!from || at >= size) return;
    if (len > size - at) len = size - at;
    a->streams[a->n++] = (struct ahead_stream){(const char *)(from + at), len * sizeof(stored), 0, 1};
}

/* Image number `image` of n with `len` elements each. */
CB_INLINE void ahead_add(struct ahead *a, const stored *from, size_t len, size_t image, size_t n)
{
    ahead_range(a, from, image * len, len, n * len);
}

/* The even ones of the `rows` rows of image number `image` of n; row: elements. All of a row: to fetch every second line
 * of it alone is slower. */
CB_INLINE void ahead_add_even(struct ahead *a, const stored *from, size_t rows, size_t row, size_t image, size_t n)
{
    if (!from || image >= n) return;
    size_t bytes = row * sizeof(stored);
    a->streams[a->n++] = (struct ahead_stream){(const char *)(from + image * rows * row), bytes, 2 * bytes, rows / 2};
}

/* The next row; after the last one, this line, which is in L1, for ever. */
CB_INLINE void ahead_turn(struct ahead *a)
{
    if (a->n > 0) {
        struct ahead_stream *s = &a->streams[a->n - 1];
        a->next = s->row;
        a->end = s->row + s->len;
        s->row += s->pitch;
        if (--s->rows == 0) a->n--;
    } else {
        a->next = (const char *)a;
        a->rate = 0;
        a->end = (const char *)UINTPTR_MAX;
    }
}

/* Spreads the fetches over so many steps. */
CB_INLINE void ahead_spread(struct ahead *a, size_t steps)
{
    size_t bytes = 0;
    for (size_t i = 0; i < a->n; i++) bytes += a->streams[i].len * a->streams[i].rows;
    a->rate = (bytes + steps - 1) / steps;
    ahead_turn(a);
}

/* The lines of so many steps at once. */
CB_INLINE void ahead_fetch(struct ahead *a, size_t steps)
{
    const char *line = a->next + -(uintptr_t)a->next % LINE;
    a->next += steps * a->rate;
    for (; line < a->next; line += LINE) __builtin_prefetch(line, 0, 2);
    if (__builtin_expect(a->next >= a->end, 0)) ahead_turn(a);
}

/* A loop with a step in every iteration, in registers. There are no branches: a line is fetched as often as it has steps,
 * and what lies more than `fetches` lines (const) behind a step is left out. */
struct ahead_walk {
    const char *next;
    size_t rate;
};

CB_INLINE struct ahead_walk ahead_walk_begin(const struct ahead *a)
{
    return (struct ahead_walk){a->next, a->rate};
}

CB_INLINE void ahead_walk_step(struct ahead_walk *w, size_t fetches)
{
    CB_UNROLL
    for (size_t i = 0; i < fetches; i++) __builtin_prefetch(w->next + i * LINE, 0, 2);
    w->next += w->rate;
}

CB_INLINE void ahead_walk_end(struct ahead *a, struct ahead_walk w)
{
    a->next = w.next;
    if (__builtin_expect(a->next >= a->end, 0)) ahead_turn(a);
}
