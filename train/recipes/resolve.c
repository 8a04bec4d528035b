#include "recipes/recipe.h"

#include <math.h>

struct cb_network cb_recipe_network(const struct cb_recipe *recipe)
{
    struct cb_network network = cb_network_resnet((size_t)recipe->network.depth);
    network.classes = cb_datasets[recipe->data.set].classes;
    network.shortcut = (char)recipe->network.shortcut;
    network.init = recipe->network.init;
    network.numerics = recipe->network.numerics;
    return network;
}

enum cb_status cb_recipe_resolve(struct cb_recipe *recipe, size_t images, struct cb_error *err)
{
    struct cb_schedule *schedule = &recipe->schedule;
    if (recipe->epochs > 0) {
        if (images == 0)
            return cb_fail(err, CB_BAD_INPUT, "no training images are left after data.holdout = %zu",
                           recipe->data.holdout);
        const size_t per_epoch = (images + recipe->data.batch - 1) / recipe->data.batch;
        const double iterations = ceil(recipe->epochs * (double)per_epoch);
        if (iterations > 1e9)
            return cb_fail(err, CB_BAD_INPUT, "schedule.epochs = %g is %g iterations, at most 1e9", recipe->epochs,
                           iterations);
        schedule->iterations = (size_t)iterations;
    }
    struct cb_milestones *m = &schedule->milestones;
    for (size_t i = 0; i < m->count; i++)
        if (m->percent[i] > 0) m->at[i] = (size_t)((double)schedule->iterations * m->percent[i] / 100);
    return cb_schedule_check(schedule, err);
}
