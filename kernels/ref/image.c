#include "core/ops.h"

/* Position in the unpadded image, -1 where the padding is zero. */
static int unpadded(int position, enum cb_pad pad)
{
    if (position >= 0 && position < CB_IMAGE_SIDE) return position;
    if (pad == CB_PAD_ZERO) return -1;
    return position < 0 ? -1 - position : 2 * CB_IMAGE_SIDE - 1 - position;
}

void cb_augment_u8_f32__scalar(const struct cb_augment *args, size_t image)
{
    static const struct cb_view plain = {0, CB_IMAGE_PAD, CB_IMAGE_PAD};
    const struct cb_view *view = args->views ? &args->views[image] : &plain;
    const uint8_t *pixels = args->pixels[image];
    float *out = args->out + image * CB_IMAGE_PIXELS;
    for (int c = 0; c < 3; c++)
        for (int i = 0; i < CB_IMAGE_SIDE; i++)
            for (int j = 0; j < CB_IMAGE_SIDE; j++) {
                int row = unpadded(i + view->row - CB_IMAGE_PAD, args->pad);
                int column = unpadded(j + view->column - CB_IMAGE_PAD, args->pad);
                if (view->flip && column >= 0) column = CB_IMAGE_SIDE - 1 - column;
                *out++ = row < 0 || column < 0
                             ? 0.0f
                             : args->table[c * 256 + pixels[(c * CB_IMAGE_SIDE + row) * CB_IMAGE_SIDE + column]];
            }
}
