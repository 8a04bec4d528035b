#include "palette.h"

const struct cb_colour cb_palette[CB_PALETTE_SIZE] = {
    {"#0072b2", "#4db1f0"},
    {"#d55e00", "#ff8a3d"},
    {"#009e73", "#2fd1a3"},
    {"#b0568c", "#e59bc6"},
    {"#b57a00", "#f0b73c"},
    {"#3d8fc4", "#8fd0ff"},
    {"#6b5b95", "#b7a6e6"},
    {"#777777", "#b5b5b5"},
    [CB_PALETTE_TEXT] = {"#1d1d1f", "#e8e8ea"},
    [CB_PALETTE_MUTED] = {"#5c5c66", "#a3a3ad"},
    [CB_PALETTE_GRID] = {"#dedee4", "#33333b"},
};

const char *cb_colour(int colour)
{
    if (colour == CB_COLOUR_TEXT) return cb_palette[CB_PALETTE_TEXT].light;
    if (colour == CB_COLOUR_MUTED) return cb_palette[CB_PALETTE_MUTED].light;
    return cb_palette[colour % CB_COLOURS].light;
}
