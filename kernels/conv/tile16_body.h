/* The register tile where there are 16 registers: all lanes of about six pixels, so that a broadcast serves CB_PARTS vectors.
 * 12 accumulators, two vectors of weights and a broadcast are 8 loads for 12 multiply-adds. Needs tile_body.h. */

/* The taps of a row of the window: `first`, first + step, ...; they read the input at `in`, in + in_step, ... pixels. All
 * members are const. */
struct tap_columns {
    size_t n, first, step;
    ptrdiff_t in, in_step;
};

/* px pixels of a row from col on; px is const. */
struct run {
    size_t col, px;
};

/* A tile: a run of row `row` of the output, and one of the next row, or none. rows: which rows of the window read which
 * row of the input, for the first run; the second reads c->stride rows further down. */
CB_INLINE void correlate_runs(const struct correlation *c, const struct tap_rows *rows, struct tap_columns columns,
                              const struct finish *f, size_t row, struct run upper, struct run lower)
{
    const size_t n = upper.px + lower.px;
    vf acc[CB_PARTS * 6];
    float sums[CB_PARTS * 6 * VL], *total = sums; /* in memory: the loops need all registers */
    CB_FORGET(total);
    const size_t next = c->stride * c->pixel;
    const ptrdiff_t below =
        lower.px ? (ptrdiff_t)(c->stride * c->in_row + lower.col * next) - (ptrdiff_t)(upper.col * next) : 0;
    /* The taps as a loop: for two rows gcc, unrolling, copies sums; for the stem's three channels it unrolls these too. */
    const bool two_rows = lower.px > 0, loop = columns.n > 1 && (two_rows || c->channels != CB_LANES);
    /* For two rows all rows of the window are one loop with the channels: the end of each would be mispredicted. */
    const size_t loops = two_rows ? 1 : rows->n, steps = two_rows ? c->filter * c->channels : c->channels;
    const ptrdiff_t next_row = (ptrdiff_t)c->in_row - (ptrdiff_t)(c->channels * c->channel);
    fetch_next_image(f, n);
    size_t b = 0;
    do {
        CB_UNROLL
        for (size_t i = 0; i < CB_PARTS * n; i++) acc[i] = v_zero();
        for (size_t t = 0; t < loops; t++) {
            const float *x = c->in + b * c->in_plane + rows->p[t] * c->in_row + columns.in * (ptrdiff_t)c->pixel;
            const float *w = c->w + ((b * c->filter + rows->r[t]) * c->channels * c->filter + columns.first) * CB_LANES;
            for (size_t k = steps; k-- > 0; x += c->channel, w += c->filter * CB_LANES) {
                const float *at = x + upper.col * next, *low = at + below, *tap = w;
                size_t taps = columns.n;
                if (loop) CB_FORGET(taps);
                for (size_t s = 0; s < taps; s++) {
                    if (!loop) CB_FORGET(at);
                    vf weights[CB_PARTS];
                    CB_UNROLL
                    for (size_t part = 0; part < CB_PARTS; part++) weights[part] = v_load(tap + part * VL);
                    CB_UNROLL
                    for (size_t i = 0; i < upper.px; i++) v_fma_pixel(at + i * next, weights, acc + i, n);
                    CB_UNROLL
                    for (size_t i = 0; i < lower.px; i++) v_fma_pixel(low + i * next, weights, acc + upper.px + i, n);
                    at += columns.in_step * (ptrdiff_t)c->pixel;
                    low += columns.in_step * (ptrdiff_t)c->pixel;
                    tap += columns.step * CB_LANES;
                }
                if (two_rows) x += k % c->channels == 0 ? next_row : 0;
            }
        }
        if (b > 0) {
            CB_UNROLL
            for (size_t i = 0; i < CB_PARTS * n; i++) acc[i] = v_add(v_load(total + i * VL), acc[i]);
        }
        if (b + 1 < c->blocks) {
            CB_UNROLL
            for (size_t i = 0; i < CB_PARTS * n; i++) v_store(total + i * VL, acc[i]);
        }
    } while (++b < c->blocks);
    CB_UNROLL
    for (size_t part = 0; part < CB_PARTS; part++) {
        finish_row(f, (struct place){row, f->phase + upper.col * f->step, part * VL}, upper.px, acc + part * n);
        if (lower.px > 0)
            finish_row(f, (struct place){row + 1, f->phase + lower.col * f->step, part * VL}, lower.px,
                       acc + part * n + upper.px);
    }
}

/* All pixels of a row. */
CB_INLINE void correlate_row(const struct correlation *c, const struct tap_rows *rows, struct tap_columns columns,
                             const struct finish *f, size_t row, size_t w)
{
    const struct run none = {0, 0};
    size_t col = 0;
    fetch_row(f, row, f->phase, w);
    for (; w - col >= 16; col += 16) {
        correlate_runs(c, rows, columns, f, row, (struct run){col, 6}, none);
        correlate_runs(c, rows, columns, f, row, (struct run){col + 6, 5}, none);
        correlate_runs(c, rows, columns, f, row, (struct run){col + 11, 5}, none);
    }
    for (; w - col >= 4; col += 4) correlate_runs(c, rows, columns, f, row, (struct run){col, 4}, none);
    for (; w > col; col++) correlate_runs(c, rows, columns, f, row, (struct run){col, 1}, none);
}

/* All tiles of one block of 16 output channels. */
CB_INLINE void correlate(const struct correlation *c, const struct finish *f)
{
    const struct tap_columns columns = {c->filter, 0, 1, 0, 1};
    size_t row = 0;
    struct tap_rows rows = {c->filter, {0, 1, 2}, {0, 1, 2}};
    if (f->w == 8 && !f->stream)
        for (; c->h - row >= 2; row += 2) {
            fetch_row(f, row, 0, 16);
            correlate_runs(c, &rows, columns, f, row, (struct run){0, 3}, (struct run){0, 3});
            correlate_runs(c, &rows, columns, f, row, (struct run){3, 3}, (struct run){3, 2});
            correlate_runs(c, &rows, columns, f, row, (struct run){6, 2}, (struct run){5, 3});
            end_row(f, row);
            end_row(f, row + 1);
            for (size_t t = 0; t < 3; t++) rows.p[t] += 2 * c->stride;
        }
    for (; row < c->h; row++) {
        correlate_row(c, &rows, columns, f, row, f->w);
        end_row(f, row);
        for (size_t t = 0; t < 3; t++) rows.p[t] += c->stride;
    }
}

/* One block of 16 input channels: even columns, then odd ones. */
CB_INLINE void strided_dx(const struct strided *s, const struct finish *finish)
{
    const struct correlation c = {.in = s->dy,
                                  .in_row = s->dy_row,
                                  .in_plane = s->dy_plane,
                                  .pixel = CB_LANES,
                                  .channel = 1,
                                  .filter = 3,
                                  .stride = 1,
                                  .channels = CB_LANES,
                                  .blocks = s->blocks,
                                  .w = s->wt};
    struct finish even = *finish, odd = *finish;
    even.step = odd.step = 2;
    even.phase = 0, odd.phase = 1;
    for (size_t row = 0; row < 2 * s->p; row++) {
        const struct tap_rows rows = taps_of_row(s, row);
        correlate_row(&c, &rows, (struct tap_columns){1, 1, 0, 0, 0}, &even, row, s->q);
        correlate_row(&c, &rows, (struct tap_columns){2, 0, 2, 1, -1}, &odd, row, s->q);
        end_row(finish, row);
    }
}
