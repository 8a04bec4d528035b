#include "core/team.h"

#include <omp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernels.h"

struct cb_team {
    size_t threads, scratch_stride;
    unsigned char *scratch;
    struct cb_team_times times;
};

static const size_t PAGE = 4096, LINE = 64;

/* Each thread clears its own scratch. Returns how many threads there were. */
static size_t first_region(struct cb_team *team)
{
    size_t got = 0;
    omp_set_dynamic(0); /* OMP_DYNAMIC would let a later region have fewer */
#pragma omp parallel num_threads((int)team->threads)
    {
        size_t t = (size_t)omp_get_thread_num();
        memset(team->scratch + t * team->scratch_stride, 0, team->scratch_stride);
        if (t == 0) got = (size_t)omp_get_num_threads();
    }
    return got;
}

/* cb_team_create has seen all threads, so a region without them is a defect: results would be timed for a wrong
 * team. */
static void expect_all(const struct cb_team *team)
{
    if ((size_t)omp_get_num_threads() == team->threads) return;
    fprintf(stderr, "cb_team: a team of %zu threads got %d\n", team->threads, omp_get_num_threads());
    abort();
}

enum cb_status cb_team_create(struct cb_team **out, size_t threads, size_t scratch_bytes, struct cb_error *err)
{
    *out = NULL;
    if (threads < 1 || threads > 4096)
        return cb_fail(err, CB_BAD_INPUT, "threads: expected 1 to 4096, got %zu", threads);
    struct cb_team *team = calloc(1, sizeof *team);
    if (!team) return cb_fail(err, CB_NO_MEMORY, "out of memory for a team of threads");
    team->threads = threads;
    if (scratch_bytes <= SIZE_MAX / threads - 3 * PAGE) {
        /* Whole pages plus a line, so that the threads' buffers neither share a page nor map to the same cache sets. */
        team->scratch_stride = ((scratch_bytes + PAGE - 1) & ~(PAGE - 1)) + PAGE + LINE;
        team->scratch = aligned_alloc(LINE, team->scratch_stride * threads);
    }
    if (!team->scratch) {
        free(team);
        return cb_fail(err, CB_NO_MEMORY, "out of memory for the scratch of %zu threads", threads);
    }
    size_t got = first_region(team);
    if (got < threads) {
        cb_team_destroy(team);
        return cb_fail(err, CB_UNAVAILABLE,
                       "threads: asked for %zu, the OpenMP runtime gives %zu: ask for fewer, or lift what limits it "
                       "(OMP_THREAD_LIMIT, OMP_MAX_ACTIVE_LEVELS, a team made in a task of another)",
                       threads, got);
    }
    *out = team;
    return CB_OK;
}

void cb_team_destroy(struct cb_team *team)
{
    if (!team) return;
    free(team->scratch);
    free(team);
}

size_t cb_team_threads(const struct cb_team *team)
{
    return team->threads;
}

/* The tasks of thread t of so many. */
static void run_share(struct cb_team *team, size_t tasks, size_t t, size_t threads, cb_task_fn *fn, void *context)
{
    size_t end = (t + 1) * tasks / threads;
    for (size_t i = t * tasks / threads; i < end; i++) fn(context, i, team->scratch + t * team->scratch_stride);
}

void cb_team_run(struct cb_team *team, size_t tasks, cb_task_fn *fn, void *context)
{
    double start = omp_get_wtime(), busy = 0, wall;
    if (team->threads == 1 || tasks == 1) { /* the runtime would take a microsecond for nothing */
        run_share(team, tasks, 0, 1, fn, context);
        wall = busy = omp_get_wtime() - start; /* a look at the clock takes 50 ns */
    } else {
#pragma omp parallel num_threads((int)team->threads) reduction(+ : busy)
        {
            expect_all(team);
            double begin = omp_get_wtime();
            run_share(team, tasks, (size_t)omp_get_thread_num(), team->threads, fn, context);
            busy = omp_get_wtime() - begin;
        }
        wall = omp_get_wtime() - start;
    }
    team->times.runs++;
    team->times.wall += wall;
    team->times.busy += busy;
}

void cb_team_each(struct cb_team *team, cb_task_fn *fn, void *context)
{
    if (team->threads == 1) {
        fn(context, 0, team->scratch);
        return;
    }
#pragma omp parallel num_threads((int)team->threads)
    {
        expect_all(team);
        size_t t = (size_t)omp_get_thread_num();
        fn(context, t, team->scratch + t * team->scratch_stride);
    }
}

struct cb_team_times cb_team_times(const struct cb_team *team)
{
    return team->times;
}

size_t cb_team_place_cpus(int *cpus, size_t max)
{
    size_t n = 0;
    for (int place = 0; place < omp_get_num_places(); place++) {
        size_t more = (size_t)omp_get_place_num_procs(place);
        if (n + more > max) break;
        omp_get_place_proc_ids(place, cpus + n);
        n += more;
    }
    return n;
}

void cb_group_range(size_t n, size_t group, size_t *first, size_t *end)
{
    *first = group * n / CB_IMAGE_GROUPS;
    *end = (group + 1) * n / CB_IMAGE_GROUPS;
}
