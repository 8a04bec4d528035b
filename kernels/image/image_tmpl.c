/* Augmentation of one image: table look-ups, bound by the load units. The column that an output pixel comes from is the
 * same for all rows, so it is computed once an image. */
#include "core/ops.h"

#include "vec/vec.h"

/* The image's column for each output column, mirrored outside [begin, end). Zero padding looks these up too, and
 * overwrites them. */
static void source_columns(const struct cb_view *view, int begin, int end, uint8_t column[CB_IMAGE_SIDE])
{
    for (int j = 0; j < CB_IMAGE_SIDE; j++) {
        int from = j + view->column - CB_IMAGE_PAD;
        if (j < begin) from = -1 - from;
        if (j >= end) from = 2 * CB_IMAGE_SIDE - 1 - from;
        column[j] = (uint8_t)(view->flip ? CB_IMAGE_SIDE - 1 - from : from);
    }
}

void CB_VARIANT(augment_u8_f32)(const struct cb_augment *args, size_t image)
{
    static const struct cb_view plain = {0, CB_IMAGE_PAD, CB_IMAGE_PAD};
    const struct cb_view *view = args->views ? &args->views[image] : &plain;
    int zero = args->pad == CB_PAD_ZERO;
    /* The output columns [begin, end) lie within the image. */
    int begin = view->column < CB_IMAGE_PAD ? CB_IMAGE_PAD - view->column : 0;
    int end = view->column > CB_IMAGE_PAD ? CB_IMAGE_SIDE + CB_IMAGE_PAD - view->column : CB_IMAGE_SIDE;
    uint8_t column[CB_IMAGE_SIDE];
    source_columns(view, begin, end, column);
    float *out = args->out + image * CB_IMAGE_PIXELS;
    for (int c = 0; c < 3; c++) {
        const uint8_t *plane = args->pixels[image] + c * CB_IMAGE_SIDE * CB_IMAGE_SIDE;
        const float *table = args->table + c * 256;
        for (int i = 0; i < CB_IMAGE_SIDE; i++, out += CB_IMAGE_SIDE) {
            int row = i + view->row - CB_IMAGE_PAD;
            bool outside = row < 0 || row >= CB_IMAGE_SIDE;
            if (row < 0) row = -1 - row;
            if (row >= CB_IMAGE_SIDE) row = 2 * CB_IMAGE_SIDE - 1 - row;
            const uint8_t *from = plane + row * CB_IMAGE_SIDE;
            for (int j = 0; j < CB_IMAGE_SIDE; j++) out[j] = table[from[column[j]]];
            if (!zero) continue;
            for (int j = 0; j < CB_IMAGE_SIDE; j++)
                if (outside || j < begin || j >= end) out[j] = 0.0f;
        }
    }
}
