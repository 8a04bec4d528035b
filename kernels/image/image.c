#include "core/ops.h"

void cb_image_table(const double mean[3], const double std[3], float table[3 * 256])
{
    for (int c = 0; c < 3; c++)
        for (int u = 0; u < 256; u++) table[c * 256 + u] = (float)((u / 255.0 - mean[c]) / std[c]);
}

static void augment_image(void *context, size_t image, void *scratch)
{
    (void)scratch;
    cb_ops()->augment_u8_f32(context, image);
}

void cb_augment(struct cb_team *team, const struct cb_augment *args)
{
    struct cb_augment copy = *args;
    cb_team_run(team, args->n, augment_image, &copy);
}
