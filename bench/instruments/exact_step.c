#include "exact_step.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static struct cb_code_range find_vdso(void)
{
    struct cb_code_range range = {0, 0};
    char line[512];
    FILE *maps = fopen("/proc/self/maps", "re");
    while (maps && !range.end && fgets(line, sizeof line, maps))
        if (strstr(line, "[vdso]") && sscanf(line, "%" SCNxPTR "-%" SCNxPTR, &range.first, &range.end) != 2)
            range = (struct cb_code_range){0, 0};
    if (maps) fclose(maps);
    return range;
}

bool cb_step_result(struct cb_count *count, uint64_t steps, uint64_t limit)
{
    if (steps <= limit)
        cb_count_set(count, steps, true, "single-step");
    else
        cb_count_missing(count, "single-step: more than %" PRIu64 " instructions: take a smaller shape", limit);
    return count->known;
}

static void no_work(void *context)
{
    (void)context;
}

void cb_count_by_step(struct cb_count *count, cb_work_fn *work, void *context, uint64_t limit)
{
    const struct cb_code_range vdso = find_vdso();
    struct cb_count marks;
    if (!cb_step_marked(count, work, context, limit, vdso)) return;
    if (cb_step_marked(&marks, no_work, NULL, limit, vdso))
        count->value -= marks.value; /* calling and returning from the work: what every work has */
    else
        *count = marks;
}
