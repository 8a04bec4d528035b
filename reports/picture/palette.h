#ifndef CB_PICTURE_PALETTE_H
#define CB_PICTURE_PALETTE_H

#include "chart.h"

/* Okabe and Ito's colours, which colour-blind people can tell apart, without their yellow, which is faint on white;
 * and as light, for dark surroundings. Then texts, remarks and the grid. */
struct cb_colour {
    const char *light, *dark;
};
enum { CB_PALETTE_TEXT = CB_COLOURS, CB_PALETTE_MUTED, CB_PALETTE_GRID, CB_PALETTE_SIZE };
extern const struct cb_colour cb_palette[CB_PALETTE_SIZE];

const char *cb_colour(int colour); /* of a series or remark, in light surroundings */

#endif
