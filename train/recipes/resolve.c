#include "recipes/recipe.h"

#include <math.h>

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
    for (size_t i = 0; i < schedule->milestones; i++)
        if (recipe->milestone_percent[i] > 0)
            schedule->milestone[i] = (size_t)((double)schedule->iterations * recipe->milestone_percent[i] / 100);
    return cb_schedule_check(schedule, err);
}
