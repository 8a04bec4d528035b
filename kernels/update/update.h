#ifndef CB_UPDATE_H
#define CB_UPDATE_H

#include <stddef.h>

#include "core/team.h"

/* SGD with momentum in PyTorch's form (dampening 0), L2 decay on every element, lr outside the velocity:
 *   d = fma(weight_decay, w, grad)
 *   v = fma(momentum, v, d)
 *   w = fma(-lr, nesterov ? fma(momentum, v, d) : v, w)
 * len elements, any alignment; w and v are updated in place. */
struct cb_sgd {
    size_t len;
    float *w, *v;
    const float *grad;
    float lr, momentum, weight_decay;
    int nesterov;
};
typedef void cb_sgd_fn(const struct cb_sgd *args, size_t first, size_t end); /* elements [first, end) */
void cb_sgd_update(struct cb_team *team, const struct cb_sgd *args);

#endif
