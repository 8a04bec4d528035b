#ifndef CB_IMAGE_H
#define CB_IMAGE_H

#include <stddef.h>
#include <stdint.h>

#include "core/team.h"

/* Augments and normalises CIFAR images: u8 planar [3][32][32] -> float planar [3][32][32], one image a call.
 * Order: pad by CB_IMAGE_PAD on every side, horizontal flip, crop 32x32 at (row, column), normalise; nothing is
 * materialised.
 *   padding  reflect repeats the edge pixel (... c b a | a b c ...);
 *            zero is 0 after normalisation, as in He et al. (mean subtracted first)
 *   value    table[channel][pixel], of the 256 possible results of cb_image_table: rounded once */
enum { CB_IMAGE_SIDE = 32, CB_IMAGE_PAD = 4, CB_IMAGE_PIXELS = 3 * 32 * 32 };
enum cb_pad { CB_PAD_REFLECT, CB_PAD_ZERO };

struct cb_view {
    uint8_t flip, row, column; /* crop offsets 0 .. 8; 4, 4 without flip is the image itself */
};

struct cb_augment {
    size_t n;
    const uint8_t *const *pixels; /* n pointers to [3][32][32] */
    const struct cb_view *views;  /* n, or NULL for the plain images */
    enum cb_pad pad;
    const float *table; /* [3][256] */
    float *out;         /* [N][3][32][32] */
};

/* table[c][u] = (u/255 - mean[c]) / std[c] in double, rounded once. */
void cb_image_table(const double mean[3], const double std[3], float table[3 * 256]);

typedef void cb_augment_fn(const struct cb_augment *args, size_t image);
void cb_augment(struct cb_team *team, const struct cb_augment *args);

#endif
