#ifndef CB_CEILINGS_H
#define CB_CEILINGS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "bandwidth.h"
#include "core/format.h"
#include "core/isa.h"
#include "core/team.h"

/* The measured ceilings of the machine, and where a case stands under them (roofline: Williams et al. 2009). */

struct cb_bandwidth_ceiling {
    double bytes_per_s[CB_STREAMS]; /* 0: not measured, for the reason, or that of cb_stream_missing */
    size_t bytes_per_thread;
    const char *reason;
    bool measured; /* also if there was nothing to measure */
};

/* Of one number of threads. */
struct cb_ceilings {
    size_t threads;
    struct cb_memory_sizes sizes;
    enum cb_isa stream_isa; /* that moves the bytes */
    struct cb_bandwidth_ceiling level[CB_LEVELS];
    double peak_flops[CB_FORMATS][CB_ISA_COUNT]; /* of products of operands of a format; 0: not measured */
};

/* What one call of a case costs. */
struct cb_cost {
    double flops; /* by the direct algorithm; 0 for copies */
    /* What its own algorithm has to do, by the format of the operands. */
    double least_flops[CB_FORMATS];
    double bytes;  /* each input read once, each output written once */
    double images; /* that are trained on; 0: it is no training step */
};
/* That of most of its operations: whose peak it is held against. */
enum cb_format cb_cost_format(const struct cb_cost *cost);

/* isa: that moves the bytes. Nothing is measured yet. */
void cb_ceilings_begin(struct cb_ceilings *ceilings, enum cb_isa isa, size_t threads);
/* Measures the bandwidth of a level, once. */
enum cb_status cb_ceilings_measure(struct cb_ceilings *ceilings, enum cb_memory_level level, struct cb_team *team,
                                   struct cb_error *err);
/* Measures what cb_roofline needs for a case of these bytes. */
enum cb_status cb_ceilings_measure_for(struct cb_ceilings *ceilings, double bytes, bool cold, struct cb_team *team,
                                       struct cb_error *err);
/* The peak of an ISA, measured now: clocks change from second to second. Of floats: fused multiply-adds. Of bf16: dot
 * products; where the ISA has none, they are two fused multiply-adds each, which come to the peak of floats. */
double cb_ceilings_peak(struct cb_ceilings *ceilings, enum cb_format format, enum cb_isa isa, struct cb_team *team);

json_t *cb_ceilings_json(const struct cb_ceilings *ceilings); /* new reference */
void cb_ceilings_print(const struct cb_ceilings *ceilings);

/* The least seconds that a call can take: that of its flops at the peaks of their formats or that of its bytes from
 * where they are, whichever is more. */
struct cb_roof {
    enum cb_memory_level level; /* the smallest that holds the bytes of all threads; DRAM for cold cases */
    enum cb_stream stream;      /* its fastest, which may be the non-temporal copy */
    double bytes_per_s;         /* of that. 0: not measured, then flops alone count */
    double least_s;
    bool compute_bound;
};
struct cb_roof cb_roofline(const struct cb_ceilings *ceilings, enum cb_isa isa, const struct cb_cost *cost, bool cold);

#endif
