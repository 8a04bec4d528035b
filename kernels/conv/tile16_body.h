/* The register tile for 16 registers: all lanes of about six pixels, so that a broadcast serves CB_PARTS vectors. With
 * 12 accumulators and two vectors of weights, 12 multiply-adds need 8 loads. */

/* The taps of a filter row: first, first + step, ... read the input pixels in, in + in_step, ... All members are const.
 * left_out: for which pixel of a row the first tap would read padding that does not count. */
struct tap_columns {
    size_t n, first, step;
    ptrdiff_t in, in_step;
    enum { OF_NONE, OF_FIRST, OF_LAST } left_out;
};

/* px pixels of a row from col on; the first tap leaves out number left_out, none if that is px. Both are const. */
struct run {
    size_t col, px, left_out;
};

/* One tap of all pixels of a tile; parts are n vectors apart in acc. is_first: const */
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

/* The taps of `steps` channels from x and w on; for two rows these may reach into the next filter row. */
CB_INLINE void correlate_channels(const struct correlation *c, const float *x, const float *w, size_t steps,
                                  struct tap_columns columns, struct run upper, struct run lower, size_t n, vf *acc)
{
    const size_t next = c->stride * c->pixel;
    const ptrdiff_t below =
        lower.px ? (ptrdiff_t)(c->stride * c->in_row + lower.col * next) - (ptrdiff_t)(upper.col * next) : 0;
    const ptrdiff_t next_row = (ptrdiff_t)c->in_row - (ptrdiff_t)(c->channels * c->channel);
    /* A loop over the taps keeps gcc from copying sums (two rows) and from unrolling the channels (stem). */
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
        if (loop) CB_OPAQUE(taps);
        for (size_t s = 0; s < taps; s++) {
            if (!loop) CB_OPAQUE(at);
            correlate_tap(at, low, next, tap, upper, lower, !loop && s == 0, n, acc);
            at += in_step, low += in_step, tap += columns.step * CB_LANES;
        }
        if (two_rows) x += k % c->channels == 0 ? next_row : 0;
    }
}

/* A tile: a run of output row `row`, and one of the next row or none. rows: the filter and input rows of the first run;
 * the second reads c->stride input rows further down. */
CB_INLINE void correlate_runs(const struct correlation *c, const struct tap_rows *rows, struct tap_columns columns,
                              const struct epilogue *e, size_t row, struct run upper, struct run lower)
{
    const size_t n = upper.px + lower.px;
    vf acc[CB_PARTS * 6];
    float sums[CB_PARTS * 6 * VL], *total = sums; /* in memory: the loops need all registers */
    CB_OPAQUE(total);
    prefetch_next_image(e, n);
    size_t b = 0;
    do {
        CB_UNROLL
        for (size_t i = 0; i < CB_PARTS * n; i++) acc[i] = v_zero();
        const float *x = c->in + b * c->in_plane + columns.in * (ptrdiff_t)c->pixel;
        const float *w = c->w + (b * c->filter * c->channels * c->filter + columns.first) * CB_LANES;
        const size_t w_row = c->channels * c->filter * CB_LANES;
        if (lower.px > 0) {
            if (rows->r[0] == 1) /* the upper run meets padding, the lower one does not */
                correlate_channels(c, x, w, c->channels, columns, (struct run){0, 0, 0}, lower, n, acc + upper.px);
            /* One loop over filter rows and channels: each short loop's end would be mispredicted. */
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
        epilogue_row(e, (struct tile_pos){row, e->phase + upper.col * e->step, part * VL}, upper.px, acc + part * n);
        if (lower.px > 0)
            epilogue_row(e, (struct tile_pos){row + 1, e->phase + lower.col * e->step, part * VL}, lower.px,
                         acc + part * n + upper.px);
    }
}

/* A tile of one row of w pixels. px: const */
CB_INLINE void correlate_run(const struct correlation *c, const struct tap_rows *rows, struct tap_columns columns,
                             const struct epilogue *e, size_t row, size_t w, size_t col, size_t px)
{
    const struct run none = {0, 0, 0};
    if (columns.left_out == OF_FIRST && col == 0)
        correlate_runs(c, rows, columns, e, row, (struct run){col, px, 0}, none);
    else if (columns.left_out == OF_LAST && col + px == w)
        correlate_runs(c, rows, columns, e, row, (struct run){col, px, px - 1}, none);
    else
        correlate_runs(c, rows, columns, e, row, (struct run){col, px, px}, none);
}

/* All pixels of a row. */
CB_INLINE void correlate_row(const struct correlation *c, const struct tap_rows *rows, struct tap_columns columns,
                             const struct epilogue *e, size_t row, size_t w)
{
    size_t col = 0;
    prefetch_epilogue_row(e, row, e->phase, w);
    for (; w - col >= 16; col += 16) {
        correlate_run(c, rows, columns, e, row, w, col, 6);
        correlate_run(c, rows, columns, e, row, w, col + 6, 5);
        correlate_run(c, rows, columns, e, row, w, col + 11, 5);
    }
    for (; w - col >= 4; col += 4) correlate_run(c, rows, columns, e, row, w, col, 4);
    for (; w > col; col++) correlate_run(c, rows, columns, e, row, w, col, 1);
}

CB_INLINE struct tap_rows window_rows(const struct correlation *c, size_t row)
{
    size_t in = row * c->stride;
    if (c->stride == 2 && row == 0) return (struct tap_rows){2, {1, 2}, {1, 2}};
    return (struct tap_rows){c->filter, {0, 1, 2}, {in, in + 1, in + 2}};
}

/* All tiles of one block of 16 output channels. */
CB_INLINE void correlate(const struct correlation *c, const struct epilogue *e)
{
    const struct tap_columns columns = {c->filter, 0, 1, 0, 1, c->stride == 2 ? OF_FIRST : OF_NONE};
    const size_t first = c->stride == 2 ? 0 : 3; /* what a tile of three pixels leaves out at the left border */
    size_t row = 0;
    if (e->w == 8 && !e->stream)
        for (; c->h - row >= 2; row += 2) {
            const struct tap_rows rows = window_rows(c, row);
            prefetch_epilogue_row(e, row, 0, 16);
            correlate_runs(c, &rows, columns, e, row, (struct run){0, 3, first}, (struct run){0, 3, first});
            correlate_runs(c, &rows, columns, e, row, (struct run){3, 3, 3}, (struct run){3, 2, 2});
            correlate_runs(c, &rows, columns, e, row, (struct run){6, 2, 2}, (struct run){5, 3, 3});
            end_row(e, row);
            end_row(e, row + 1);
        }
    for (; row < c->h; row++) {
        const struct tap_rows rows = window_rows(c, row);
        correlate_row(c, &rows, columns, e, row, e->w);
        end_row(e, row);
    }
}

/* One block of 16 input channels: even columns, then odd ones. */
CB_INLINE void strided_dx(const struct strided *s, const struct epilogue *epilogue)
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
    struct epilogue even = *epilogue, odd = *epilogue;
    even.step = odd.step = 2;
    even.phase = 0, odd.phase = 1;
    for (size_t row = 0; row < 2 * s->p; row++) {
        const struct tap_rows rows = taps_of_row(s, row);
        correlate_row(&c, &rows, (struct tap_columns){1, 1, 0, 0, 0, OF_NONE}, &even, row, s->q);
        correlate_row(&c, &rows, (struct tap_columns){2, 0, 2, 1, -1, OF_LAST}, &odd, row, s->q);
        end_row(epilogue, row);
    }
}
