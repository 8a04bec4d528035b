#include <assert.h>
#include <string.h>

#include "kernels.h"

/* Option A moves channels up by C/2, a multiple of 8: whole half-blocks of 8 channels move, or stay zero. */
enum { HALF = CB_LANES / 2 };

/* Pixel `pixel` of half-block `half` (8 channels) of an image with `channels` channels and `map` pixels; the next pixel
 * is CB_LANES elements further. */
static size_t half_block(size_t image, size_t channels, size_t map, size_t half, size_t pixel)
{
    return ((image * channels / CB_LANES + half / 2) * map + pixel) * CB_LANES + half % 2 * HALF;
}

static void shortcut_forward_image(void *context, size_t image, void *scratch)
{
    (void)scratch;
    const struct cb_shortcut_a *s = context;
    size_t p_end = s->h / 2, q_end = s->w / 2, shift = s->c / 2 / HALF, halves = s->c / HALF;
    size_t bytes = cb_format_bytes(s->storage);
    for (size_t half = 0; half < 2 * halves; half++)
        for (size_t p = 0; p < p_end; p++)
            for (size_t q = 0; q < q_end; q++) {
                char *r = (char *)s->to + half_block(image, 2 * s->c, p_end * q_end, half, p * q_end + q) * bytes;
                if (half < shift || half >= shift + halves) {
                    memset(r, 0, HALF * bytes);
                    continue;
                }
                size_t z = half_block(image, s->c, s->h * s->w, half - shift, 2 * p * s->w + 2 * q);
                memcpy(r, (const char *)s->from + z * bytes, HALF * bytes);
            }
}

static void shortcut_backward_image(void *context, size_t image, void *scratch)
{
    (void)scratch;
    const struct cb_shortcut_a *s = context;
    size_t map = (s->h / 2) * (s->w / 2), shift = s->c / 2 / HALF, bytes = cb_format_bytes(s->storage);
    for (size_t half = 0; half < s->c / HALF; half++)
        for (size_t i = 0; i < map; i++)
            memcpy((char *)s->to + half_block(image, s->c, map, half, i) * bytes,
                   (const char *)s->from + half_block(image, 2 * s->c, map, half + shift, i) * bytes, HALF * bytes);
}

static void run_shortcut(struct cb_team *team, const struct cb_shortcut_a *args, cb_task_fn *fn)
{
    assert(args->c % CB_LANES == 0 && args->h % 2 == 0 && args->w % 2 == 0);
    struct cb_shortcut_a copy = *args;
    cb_team_run(team, args->n, fn, &copy);
}

void cb_shortcut_a_forward(struct cb_team *team, const struct cb_shortcut_a *args)
{
    run_shortcut(team, args, shortcut_forward_image);
}

void cb_shortcut_a_backward(struct cb_team *team, const struct cb_shortcut_a *args)
{
    run_shortcut(team, args, shortcut_backward_image);
}
