#ifndef CB_PREVIEW_H
#define CB_PREVIEW_H

#include "loop/session.h"

/* What a run will be, before it is one. All of it is printed to stdout. */

/* The lines with which a run begins: recipe, network, memory, data, run directory. */
void cb_print_plan(const struct cb_session *s);
/* --dry-run: the recipe in full and the plan. Nothing is written, and no run directory made. Without data at hand the
 * official files' numbers of images are taken, which is said. */
enum cb_status cb_dry_run(struct cb_session *s, const struct cb_session_options *o, struct cb_error *err);
/* --list: the recipes here, a line each; timed: also how long each takes here, from three iterations on images of the
 * synthetic set. stop: not 0 ends it. */
enum cb_status cb_list_recipes(const struct cb_session_options *o, int timed, const volatile sig_atomic_t *stop,
                               struct cb_error *err);

#endif
