#include <assert.h>
#include <string.h>

#include "kernels.h"

/* Option A moves channels up by C/2, a multiple of 8: whole half-blocks of 8 channels move, or stay zero. */
enum { HALF = CB_LANES / 2 };

struct shortcut {
    size_t c, h, w;
    const float *from;
    float *to;
};

/* First element of half-block `half` (8 channels) of an image with `channels` channels and `map` pixels. */
static size_t half_block(size_t image, size_t channels, size_t map, size_t half)
{
    return (image * channels / CB_LANES + half / 2) * map * CB_LANES + half % 2 * HALF;
}

static void forward_image(void *context, size_t image, void *scratch)
{
    (void)scratch;
    const struct shortcut *s = context;
    size_t p_end = s->h / 2, q_end = s->w / 2, shift = s->c / 2 / HALF, halves = s->c / HALF;
    for (size_t half = 0; half < 2 * halves; half++) {
        float *r = s->to + half_block(image, 2 * s->c, p_end * q_end, half);
        if (half < shift || half >= shift + halves) {
            for (size_t i = 0; i < p_end * q_end; i++) memset(r + i * CB_LANES, 0, HALF * sizeof *r);
            continue;
        }
        const float *z = s->from + half_block(image, s->c, s->h * s->w, half - shift);
        for (size_t p = 0; p < p_end; p++)
            for (size_t q = 0; q < q_end; q++)
                memcpy(r + (p * q_end + q) * CB_LANES, z + (2 * p * s->w + 2 * q) * CB_LANES, HALF * sizeof *r);
    }
}

static void backward_image(void *context, size_t image, void *scratch)
{
    (void)scratch;
    const struct shortcut *s = context;
    size_t map = (s->h / 2) * (s->w / 2), shift = s->c / 2 / HALF;
    for (size_t half = 0; half < s->c / HALF; half++) {
        const float *g = s->from + half_block(image, 2 * s->c, map, half + shift);
        float *d = s->to + half_block(image, s->c, map, half);
        for (size_t i = 0; i < map; i++) memcpy(d + i * CB_LANES, g + i * CB_LANES, HALF * sizeof *d);
    }
}

void cb_shortcut_a_forward(struct cb_team *team, size_t n, size_t c, size_t h, size_t w, const float *z, float *r)
{
    assert(c % CB_LANES == 0 && h % 2 == 0 && w % 2 == 0);
    struct shortcut s = {c, h, w, z, r};
    cb_team_run(team, n, forward_image, &s);
}

void cb_shortcut_a_backward(struct cb_team *team, size_t n, size_t c, size_t h, size_t w, const float *g, float *d)
{
    assert(c % CB_LANES == 0 && h % 2 == 0 && w % 2 == 0);
    struct shortcut s = {c, h, w, g, d};
    cb_team_run(team, n, backward_image, &s);
}
