/* The register tile where there are 16 registers: all lanes of about six pixels, so that a broadcast serves CB_PARTS vectors.
 * 12 accumulators, two vectors of weights and a broadcast are 8 loads for 12 multiply-adds. Needs tile_body.h. */

/* The taps of a row of the window: `first`, first + step, ...; they read the input at `in`, in + in_step, ... pixels.
 * left_out: of which pixel of a row the first tap would read padding that does not count. All members are const. */
struct tap_columns {
    size_t n, first, step;
    ptrdiff_t in, in_step;
    enum { OF_NONE, OF_FIRST, OF_LAST } left_out;
};

/* px pixels of a row from col on, of which the first tap leaves out number left_out, unless that is px. px and left_out
 * are const. */
struct run {
    size_t col, px, left_out;
};

/* One tap of the pixels of a tile, whose parts are n vectors apart in acc. is_first: const */
CB_INLINE void correlate_tap(const float *at, const float *low, size_t next, const float *tap, struct run upper,
                             struct run lower, bool is_first, size_t n, vf *acc)
{
    vf weights[CB_PARTS];
    CB_UNROLL
    for (size_t part = 0; part < CB_PARTS; part++) weights[part] = v_load(tap + part * VL);
    CB_UNROLL
    for (size_t i = 0; i < upper.px; i++)
        if (!is_first || i != upper.left_out) v_fma_pixel(at + i * next, weights, acc + i, n);
    CB_UNROLL
    for (size_t i = 0; i < lower.px; i++)
        if (!is_first || i != lower.left_out) v_fma_pixel(low + i * next, weights, acc + upper.px + i, n);
}

/* The taps of `steps` channels from x and w on; with two rows they may go on in the next row of the window. */
CB_INLINE void correlate_channels(const struct correlation *c, const float *x, const float *w, size_t steps,
                                  struct tap_columns columns, struct run upper, struct run lower, size_t n, vf *acc)
{
    const size_t next = c->stride * c->pixel;
    const ptrdiff_t below =
        lower.px ? (ptrdiff_t)(c->stride * c->in_row + lower.col * next) - (ptrdiff_t)(upper.col * next) : 0;
    const ptrdiff_t next_row = (ptrdiff_t)c->in_row - (ptrdiff_t)(c->channels * c->channel);
    /* The taps as a loop: for two rows gcc, unrolling, copies sums; for the stem's three channels it unrolls these too. */
    const bool two_rows = lower.px > 0, loop = columns.n > 1 && (two_rows || c->channels != CB_LANES);
    const bool peel = loop && (upper.left_out < upper.px || lower.left_out < lower.px);
    const ptrdiff_t in_step = columns.in_step * (ptrdiff_t)c->pixel;
    for (size_t k = steps; k-- > 0; x += c->channel, w += c->filter * CB_LANES) {
        const float *at = x + upper.col * next, *low = at + below, *tap = w;
        size_t taps = columns.n;
        if (peel) {
            correlate_tap(at, low, next, tap, upper, lower, true, n, acc);
            taps--, at += in_step, low += in_step, tap += columns.step * CB_LANES;
        }
        if (loop) CB_FORGET(taps);
        for (size_t s = 0; s < taps; s++) {
            if (!loop) CB_FORGET(at);
            correlate_tap(at, low, next, tap, upper, lower, !loop && s == 0, n, acc);
            at += in_step, low += in_step, tap += columns.step * CB_LANES;
        }
        if (two_rows) x += k % c->channels == 0 ? next_row : 0;
    }
}

/* A tile: a run of row `row` of the output, and one of the next row, or none. rows: which rows of the window read which
 * row of the input, for the first run; the second reads c->stride rows further down. */
CB_INLINE void correlate_runs(const struct correlation *c, const struct tap_rows *rows, struct tap_columns columns,
                              const struct finish *f, size_t row, struct run upper, struct run lower)
{
    const size_t n = upper.px + lower.px;
    vf acc[CB_PARTS * 6];
    float sums[CB_PARTS * 6 * VL], *total = sums; /* in memory: the loops need all registers */
    CB_FORGET(total);
    fetch_next_image(f, n);
    size_t b = 0;
    do {
        CB_UNROLL
        for (size_t i = 0; i < CB_PARTS * n; i++) acc[i] = v_zero();
        const float *x = c->in + b * c->in_plane + columns.in * (ptrdiff_t)c->pixel;
        const float *w = c->w + (b * c->filter * c->channels * c->filter + columns.first) * CB_LANES;
        const size_t w_row = c->channels * c->filter * CB_LANES;
        if (lower.px > 0) {
            if (rows->r[0] == 1) /* where the upper run meets padding, the lower one does not */
                correlate_channels(c, x, w, c->channels, columns, (struct run){0, 0, 0}, lower, n, acc + upper.px);
            /* All rows of the window are one loop with the channels: the end of each would be mispredicted. */
            correlate_channels(c, x + rows->p[0] * c->in_row, w + rows->r[0] * w_row, rows->n * c->channels, columns,
                               upper, lower, n, acc);
        } else {
            for (size_t t = 0; t < rows->n; t++)
                correlate_channels(c, x + rows->p[t] * c->in_row, w + rows->r[t] * w_row, c->channels, columns, upper,
                                   lower, n, acc);
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

/* A tile of one row of w pixels. px: const */
CB_INLINE void correlate_run(const struct correlation *c, const struct tap_rows *rows, struct tap_columns columns,
                             const struct finish *f, size_t row, size_t w, size_t col, size_t px)
{
    const struct run none = {0, 0, 0};
    if (columns.left_out == OF_FIRST && col == 0)
        correlate_runs(c, rows, columns, f, row, (struct run){col, px, 0}, none);
    else if (columns.left_out == OF_LAST && col + px == w)
        correlate_runs(c, rows, columns, f, row, (struct run){col, px, px - 1}, none);
    else
        correlate_runs(c, rows, columns, f, row, (struct run){col, px, px}, none);
}

/* All pixels of a row. */
CB_INLINE void correlate_row(const struct correlation *c, const struct tap_rows *rows, struct tap_columns columns,
                             const struct finish *f, size_t row, size_t w)
{
    size_t col = 0;
    fetch_row(f, row, f->phase, w);
    for (; w - col >= 16; col += 16) {
        correlate_run(c, rows, columns, f, row, w, col, 6);
        correlate_run(c, rows, columns, f, row, w, col + 6, 5);
        correlate_run(c, rows, columns, f, row, w, col + 11, 5);
    }
    for (; w - col >= 4; col += 4) correlate_run(c, rows, columns, f, row, w, col, 4);
    for (; w > col; col++) correlate_run(c, rows, columns, f, row, w, col, 1);
}

CB_INLINE struct tap_rows window_rows(const struct correlation *c, size_t row)
{
    size_t in = row * c->stride;
    if (c->stride == 2 && row == 0) return (struct tap_rows){2, {1, 2}, {1, 2}};
    return (struct tap_rows){c->filter, {0, 1, 2}, {in, in + 1, in + 2}};
}

/* All tiles of one block of 16 output channels. */
CB_INLINE void correlate(const struct correlation *c, const struct finish *f)
{
    const struct tap_columns columns = {c->filter, 0, 1, 0, 1, c->stride == 2 ? OF_FIRST : OF_NONE};
    const size_t first = c->stride == 2 ? 0 : 3; /* left out in a tile of three pixels at the left border */
    size_t row = 0;
    if (f->w == 8 && !f->stream)
        for (; c->h - row >= 2; row += 2) {
            const struct tap_rows rows = window_rows(c, row);
            fetch_row(f, row, 0, 16);
            correlate_runs(c, &rows, columns, f, row, (struct run){0, 3, first}, (struct run){0, 3, first});
            correlate_runs(c, &rows, columns, f, row, (struct run){3, 3, 3}, (struct run){3, 2, 2});
            correlate_runs(c, &rows, columns, f, row, (struct run){6, 2, 2}, (struct run){5, 3, 3});
            end_row(f, row);
            end_row(f, row + 1);
        }
    for (; row < c->h; row++) {
        const struct tap_rows rows = window_rows(c, row);
        correlate_row(c, &rows, columns, f, row, f->w);
        end_row(f, row);
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
        correlate_row(&c, &rows, (struct tap_columns){1, 1, 0, 0, 0, OF_NONE}, &even, row, s->q);
        correlate_row(&c, &rows, (struct tap_columns){2, 0, 2, 1, -1, OF_LAST}, &odd, row, s->q);
        end_row(finish, row);
    }
}
