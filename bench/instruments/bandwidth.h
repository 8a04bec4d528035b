#ifndef CB_BANDWIDTH_H
#define CB_BANDWIDTH_H

#include <stddef.h>

#include "core/isa.h"
#include "core/status.h"
#include "core/team.h"
#include "gemm/gemm.h"

/* What memory and caches can deliver: the other ceiling of the roofline, beside peak.h. As STREAM counts (McCalpin
 * 1995): the bytes that the program names; a store's reading of its line is not counted. */

enum cb_stream {
    CB_STREAM_READ,    /* sum of a */
    CB_STREAM_COPY,    /* c = a */
    CB_STREAM_TRIAD,   /* c = a + s*b */
    CB_STREAM_NT_COPY, /* c = a with non-temporal stores, which do not read the line that they fill */
    CB_STREAMS
};
extern const char *const cb_stream_names[CB_STREAMS];

enum cb_memory_level { CB_LEVEL_L1, CB_LEVEL_L2, CB_LEVEL_L3, CB_LEVEL_DRAM, CB_LEVELS };
extern const char *const cb_level_names[CB_LEVELS];

/* Why an ISA has no such stream on this level; NULL: it has. */
const char *cb_stream_missing(enum cb_isa isa, enum cb_stream stream, enum cb_memory_level level);

/* Sizes of this machine's caches as hwloc reports them, and its free memory; 0: not known. L1 and L2 of a core. */
struct cb_memory_sizes {
    size_t cache_bytes[CB_LEVEL_DRAM];
    size_t l3_shared_by; /* CPUs */
    size_t available_bytes;
};
struct cb_memory_sizes cb_memory_sizes(void);
struct cb_cache_sizes cb_cache_sizes(void); /* the same caches, as the blocking of products takes them */

/* Bytes that a thread works on to measure a level: half of its share of a cache; for DRAM four times the last cache and
 * 256 MB at least, all threads together. 0 where that cannot be: *reason says why. */
size_t cb_level_bytes(const struct cb_memory_sizes *sizes, enum cb_memory_level level, size_t threads,
                      const char **reason);

/* Bytes a second of all threads of the team, each on memory of its own of bytes_per_thread, which it touched first, by
 * each stream that the ISA, which must be available, has on the level; the others are left as they are. Best of some
 * repetitions, 50 to 100 ms a stream. */
enum cb_status cb_bandwidth(double bytes_per_s[CB_STREAMS], enum cb_isa isa, struct cb_team *team,
                            enum cb_memory_level level, size_t bytes_per_thread, struct cb_error *err);

#endif
