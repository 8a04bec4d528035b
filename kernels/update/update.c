#include "core/ops.h"

/* Elements of a task: 48 KB of w, v and grad. */
enum { CHUNK = 4096 };

static void sgd_chunk(void *context, size_t chunk, void *scratch)
{
    (void)scratch;
    const struct cb_sgd *args = context;
    size_t first = chunk * CHUNK, end = first + CHUNK < args->len ? first + CHUNK : args->len;
    cb_ops()->sgd_f32(args, first, end);
}

void cb_sgd_update(struct cb_team *team, const struct cb_sgd *args)
{
    struct cb_sgd copy = *args;
    cb_team_run(team, (args->len + CHUNK - 1) / CHUNK, sgd_chunk, &copy);
}
