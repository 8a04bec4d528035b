#include "bandwidth.h"

#include <jansson.h>
#include <stdlib.h>

#include "bench.h"
#include "ceiling_kernels.h"
#include "instruments.h"
#include "processor.h"
#include "sysfile.h"

const char *const cb_stream_names[CB_STREAMS] = {"read", "copy", "triad", "nt_copy"};
const char *const cb_level_names[CB_LEVELS] = {"L1", "L2", "L3", "DRAM"};
static const size_t arrays[CB_STREAMS] = {1, 2, 3, 2}; /* a; a, c; a, b, c; a, c */

enum { REPETITIONS = 8 };
static const double repetition_s = 0.005;

/* --- how large --- */

struct cb_memory_sizes cb_memory_sizes(void)
{
    static const char *const keys[CB_LEVEL_DRAM] = {"l1d_bytes", "l2_bytes", "l3_bytes"};
    struct cb_memory_sizes sizes = {.l3_shared_by = 1};
    json_t *processor = json_object();
    cb_processor_describe(processor);
    for (size_t i = 0; i < CB_LEVEL_DRAM; i++)
        sizes.cache_bytes[i] = (size_t)json_integer_value(json_object_get(processor, keys[i]));
    json_int_t sharing = json_integer_value(json_object_get(processor, "l3_shared_by_cpus"));
    if (sharing > 0) sizes.l3_shared_by = (size_t)sharing;
    json_decref(processor);
    char text[64];
    if (cb_sysfile_value(text, sizeof text, "/proc/meminfo", "MemAvailable"))
        sizes.available_bytes = (size_t)strtoull(text, NULL, 10) * 1024;
    return sizes;
}

struct cb_cache_sizes cb_cache_sizes(void)
{
    struct cb_memory_sizes sizes = cb_memory_sizes();
    return (struct cb_cache_sizes){.l1_bytes = sizes.cache_bytes[CB_LEVEL_L1],
                                   .l2_bytes = sizes.cache_bytes[CB_LEVEL_L2],
                                   .l3_bytes = sizes.cache_bytes[CB_LEVEL_L3]};
}

static size_t dram_bytes(const struct cb_memory_sizes *s, size_t threads, const char **reason)
{
    size_t last = 0, at_least = (size_t)256 << 20;
    for (size_t i = 0; i < CB_LEVEL_DRAM; i++)
        if (s->cache_bytes[i] > last) last = s->cache_bytes[i];
    size_t all = 4 * last > at_least ? 4 * last : at_least;
    if (s->available_bytes && all > s->available_bytes / 4) all = s->available_bytes / 4;
    if (all < 2 * last || all < (size_t)64 << 20) {
        *reason = "too little free memory to leave the caches behind";
        return 0;
    }
    return all / threads;
}

size_t cb_level_bytes(const struct cb_memory_sizes *s, enum cb_memory_level level, size_t threads, const char **reason)
{
    *reason = NULL;
    if (level == CB_LEVEL_DRAM) return dram_bytes(s, threads, reason);
    size_t cache = s->cache_bytes[level];
    if (!cache) {
        *reason = "hwloc reports no such cache";
        return 0;
    }
    size_t sharing = level == CB_LEVEL_L3 ? (threads < s->l3_shared_by ? threads : s->l3_shared_by) : 1;
    size_t bytes = cache / 2 / sharing;
    if (level > CB_LEVEL_L1 && bytes <= s->cache_bytes[level - 1]) {
        *reason = "a thread's share of it is not larger than the level below";
        return 0;
    }
    return bytes;
}

/* --- how fast --- */

struct stream_job {
    cb_stream_fn *fn;
    enum cb_stream stream;
    float *memory; /* of all threads */
    size_t thread_floats, n, rounds;
};

const char *cb_stream_missing(enum cb_isa isa, enum cb_stream stream, enum cb_memory_level level)
{
    if (stream != CB_STREAM_NT_COPY) return NULL;
    const char *none = cb_ceiling_kernels_of(isa).no_nt_stores;
    if (none) return none;
    return level == CB_LEVEL_DRAM ? NULL : "non-temporal stores go to memory, whatever the size";
}

static void touch(void *context, size_t thread, void *scratch)
{
    (void)scratch;
    const struct stream_job *job = context;
    float *p = job->memory + thread * job->thread_floats;
    for (size_t i = 0; i < job->thread_floats; i++) p[i] = 1;
}

static void run_stream(void *context, size_t thread, void *scratch)
{
    (void)scratch;
    const struct stream_job *job = context;
    size_t apart =
        job->n + CB_STREAM_STEP; /* not a power of two: loads would wait for stores of the same low address */
    float *a = job->memory + thread * job->thread_floats, *b = a + apart,
          *c = job->stream == CB_STREAM_TRIAD ? b + apart : b;
    float result = job->fn(job->stream, a, b, c, job->n, job->rounds);
    __asm__ volatile("" : : "m"(result)); /* the result counts as used */
}

static double run_s(struct cb_team *team, struct stream_job *job)
{
    double start = cb_now_s();
    cb_team_each(team, run_stream, job);
    return cb_now_s() - start;
}

/* One thread's part. The better of two: an interruption must not pass for work. */
static double alone_s(struct stream_job *job)
{
    double first = cb_now_s();
    run_stream(job, 0, NULL);
    double second = cb_now_s();
    run_stream(job, 0, NULL);
    double end = cb_now_s();
    return second - first < end - second ? second - first : end - second;
}

static double fastest_s(struct cb_team *team, struct stream_job *job)
{
    double best = 0;
    for (job->rounds = 1; alone_s(job) < repetition_s;) job->rounds *= 2;
    for (int i = 0; i < REPETITIONS; i++) {
        double seconds = run_s(team, job);
        if (i == 0 || seconds < best) best = seconds;
    }
    return best;
}

enum cb_status cb_bandwidth(double bytes_per_s[CB_STREAMS], enum cb_isa isa, struct cb_team *team,
                            enum cb_memory_level level, size_t bytes_per_thread, struct cb_error *err)
{
    size_t threads = cb_team_threads(team);
    struct stream_job job = {.fn = cb_ceiling_kernels_of(isa).stream};
    job.thread_floats = bytes_per_thread / sizeof(float) + arrays[CB_STREAM_TRIAD] * CB_STREAM_STEP;
    job.memory = cb_alloc_tensor(threads * job.thread_floats * sizeof(float));
    if (!job.memory)
        return cb_fail(err, CB_NO_MEMORY, "out of memory to measure the bandwidth of %zu bytes", bytes_per_thread);
    cb_team_each(team, touch, &job);
    for (job.stream = CB_STREAM_READ; job.stream < CB_STREAMS; job.stream++) {
        if (cb_stream_missing(isa, job.stream, level)) continue;
        job.n = bytes_per_thread / sizeof(float) / arrays[job.stream] / CB_STREAM_STEP * CB_STREAM_STEP;
        double best = fastest_s(team, &job);
        bytes_per_s[job.stream] = (double)(threads * job.rounds * arrays[job.stream] * job.n * sizeof(float)) / best;
    }
    free(job.memory);
    return CB_OK;
}
