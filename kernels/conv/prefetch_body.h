/* Software prefetch into L2 of what the loaders read next, while this is computed. It is spread evenly: a burst would
 * take the line-fill buffers from the kernel's own loads. */

enum { LINE = 64 }; /* bytes */

/* Rows of `len` bytes, `pitch` bytes apart. */
struct prefetch_stream {
    const char *row;
    size_t len, pitch, rows;
};

struct prefetcher {
    const char *next, *end;            /* of the current row */
    size_t rate;                       /* bytes a step */
    struct prefetch_stream streams[5]; /* fetched from the last to the first */
    size_t n;
};

/* Adds `len` elements at from + at, as far as they lie within the tensor's `size`; none if from is NULL. */
CB_INLINE void prefetch_range(struct prefetcher *p, const storage *from, size_t at, size_t len, size_t size)
{
    if (!from || at >= size) return;
    if (len > size - at) len = size - at;
    p->streams[p->n++] = (struct prefetch_stream){(const char *)(from + at), len * sizeof(storage), 0, 1};
}

/* Adds image number `image` of n, of `len` elements each. */
CB_INLINE void prefetch_image(struct prefetcher *p, const storage *from, size_t len, size_t image, size_t n)
{
    prefetch_range(p, from, image * len, len, n * len);
}

/* Adds the even ones of the `rows` rows, of `row` elements, of image number `image` of n. */
CB_INLINE void prefetch_even_rows(struct prefetcher *p, const storage *from, size_t rows, size_t row, size_t image,
                                  size_t n)
{
    if (!from || image >= n) return;
    size_t bytes = row * sizeof(storage);
    p->streams[p->n++] =
        (struct prefetch_stream){(const char *)(from + image * rows * row), bytes, 2 * bytes, rows / 2};
}

/* After the last row it stays on the prefetcher's own line, which is in L1. */
CB_INLINE void prefetch_next_row(struct prefetcher *p)
{
    if (p->n > 0) {
        struct prefetch_stream *s = &p->streams[p->n - 1];
        p->next = s->row;
        p->end = s->row + s->len;
        s->row += s->pitch;
        if (--s->rows == 0) p->n--;
    } else {
        p->next = (const char *)p;
        p->rate = 0;
        p->end = (const char *)UINTPTR_MAX;
    }
}

/* Call once all ranges are added: spreads them over `steps` steps. */
CB_INLINE void prefetch_spread(struct prefetcher *p, size_t steps)
{
    size_t bytes = 0;
    for (size_t i = 0; i < p->n; i++) bytes += p->streams[i].len * p->streams[i].rows;
    p->rate = (bytes + steps - 1) / steps;
    prefetch_next_row(p);
}

/* Prefetches what `steps` steps at once are due. */
CB_INLINE void prefetch_steps(struct prefetcher *p, size_t steps)
{
    const char *line = p->next + -(uintptr_t)p->next % LINE;
    p->next += steps * p->rate;
    for (; line < p->next; line += LINE) __builtin_prefetch(line, 0, 2);
    if (__builtin_expect(p->next >= p->end, 0)) prefetch_next_row(p);
}

/* The same in registers and without branches, for a loop with a step in each iteration: `lines` (const) lines a step,
 * whether or not they were fetched before; what the rate leaves beyond them is not fetched. */
struct prefetch_walk {
    const char *next;
    size_t rate;
};

CB_INLINE struct prefetch_walk prefetch_walk_begin(const struct prefetcher *p)
{
    return (struct prefetch_walk){p->next, p->rate};
}

CB_INLINE void prefetch_walk_step(struct prefetch_walk *w, size_t lines)
{
    CB_UNROLL
    for (size_t i = 0; i < lines; i++) __builtin_prefetch(w->next + i * LINE, 0, 2);
    w->next += w->rate;
}

CB_INLINE void prefetch_walk_end(struct prefetcher *p, struct prefetch_walk w)
{
    p->next = w.next;
    if (__builtin_expect(p->next >= p->end, 0)) prefetch_next_row(p);
}
