#include "counter_table.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "counter_perf.h"

/* PAPI 7.0 has no presets for these CPUs. Raw codes (unit mask, event) need none, but a libpfm that knows the CPU (4.13
 * does not know Zen 5), without which PAPI turns all events off. Sources: AMD's Processor Programming References,
 * Intel's event lists, Arm's Technical Reference Manuals. */

/* Zen 4 and 5: operations of event 0x03; demand data fills (0x43) by where they came from: anywhere; not the core's own
 * L2; memory (0x08 near, 0x40 far, 0x80 extension). */
static const struct cb_expression zen[] = {
    [CB_EVENT_FP_OPS] = {{"perf_raw::r1f03"}, {1}},
    [CB_EVENT_L1D_MISSES] = {{"perf_raw::rdf43"}, {1}},
    [CB_EVENT_L2_MISSES] = {{"perf_raw::rde43"}, {1}},
    [CB_EVENT_L3_MISSES] = {{"perf_raw::rc843"}, {1}},
};

/* Golden Cove and its successors: FP_ARITH_INST_RETIRED (0xC7) of single precision, scalar and of 128, 256 and 512
 * bits, fused ones count twice; MEM_LOAD_RETIRED (0xD1). */
static const struct cb_expression golden_cove[] = {
    [CB_EVENT_FP_OPS] = {{"perf_raw::r02c7", "perf_raw::r08c7", "perf_raw::r20c7", "perf_raw::r80c7"}, {1, 4, 8, 16}},
    [CB_EVENT_L1D_MISSES] = {{"perf_raw::r08d1"}, {1}},
    [CB_EVENT_L2_MISSES] = {{"perf_raw::r10d1"}, {1}},
    [CB_EVENT_L3_MISSES] = {{"perf_raw::r20d1"}, {1}},
};

/* Refills of the data caches and last-level read misses; FP_FIXED_OPS_SPEC came with SVE. */
static const struct cb_expression neoverse_n1[] = {
    [CB_EVENT_L1D_MISSES] = {{"perf_raw::r0003"}, {1}},
    [CB_EVENT_L2_MISSES] = {{"perf_raw::r0017"}, {1}},
    [CB_EVENT_L3_MISSES] = {{"perf_raw::r0037"}, {1}},
};
static const struct cb_expression neoverse_sve[] = {
    [CB_EVENT_FP_OPS] = {{"perf_raw::r80c1"}, {1}},
    [CB_EVENT_L1D_MISSES] = {{"perf_raw::r0003"}, {1}},
    [CB_EVENT_L2_MISSES] = {{"perf_raw::r0017"}, {1}},
    [CB_EVENT_L3_MISSES] = {{"perf_raw::r0037"}, {1}},
};

#define LENGTH(array) (sizeof(array) / sizeof *(array))

static const struct {
    const char *vendor;
    unsigned family, first_model, last_model;
    const struct cb_expression *events;
    size_t n;
} cpus[] = {
    {"AuthenticAMD", 0x19, 0x10, 0x1f, zen, LENGTH(zen)},              /* Zen 4: Genoa */
    {"AuthenticAMD", 0x19, 0x60, 0x7f, zen, LENGTH(zen)},              /* Zen 4: Raphael, Phoenix */
    {"AuthenticAMD", 0x19, 0xa0, 0xaf, zen, LENGTH(zen)},              /* Zen 4c: Bergamo, Siena */
    {"AuthenticAMD", 0x1a, 0x00, 0x7f, zen, LENGTH(zen)},              /* Zen 5 */
    {"GenuineIntel", 6, 0x8f, 0x8f, golden_cove, LENGTH(golden_cove)}, /* Sapphire Rapids */
    {"GenuineIntel", 6, 0xcf, 0xcf, golden_cove, LENGTH(golden_cove)}, /* Emerald Rapids */
    {"GenuineIntel", 6, 0xad, 0xae, golden_cove, LENGTH(golden_cove)}, /* Granite Rapids */
    {"0x41", 0, 0xd0c, 0xd0c, neoverse_n1, LENGTH(neoverse_n1)},       /* N1 */
    {"0x41", 0, 0xd40, 0xd40, neoverse_sve, LENGTH(neoverse_sve)},     /* V1 */
    {"0x41", 0, 0xd49, 0xd49, neoverse_sve, LENGTH(neoverse_sve)},     /* N2 */
    {"0x41", 0, 0xd4f, 0xd4f, neoverse_sve, LENGTH(neoverse_sve)},     /* V2 */
};

/* What the kernel offers on every CPU whose PMU it drives. It names no event for operations, and its cache events mean
 * different things on different CPUs: PAPI's presets come first. */
static const struct cb_expression anywhere[CB_HARDWARE_EVENTS][2] = {
    [CB_EVENT_INSTRUCTIONS] = {{{"PAPI_TOT_INS"}, {1}}, {{"perf::PERF_COUNT_HW_INSTRUCTIONS"}, {1}}},
    [CB_EVENT_CYCLES] = {{{"PAPI_TOT_CYC"}, {1}}, {{"perf::PERF_COUNT_HW_CPU_CYCLES"}, {1}}},
    [CB_EVENT_FP_OPS] = {{{"PAPI_SP_OPS"}, {1}}, {{"PAPI_FP_OPS"}, {1}}},
    [CB_EVENT_BRANCHES] = {{{"PAPI_BR_INS"}, {1}}, {{"perf::PERF_COUNT_HW_BRANCH_INSTRUCTIONS"}, {1}}},
    [CB_EVENT_BRANCH_MISSES] = {{{"PAPI_BR_MSP"}, {1}}, {{"perf::PERF_COUNT_HW_BRANCH_MISSES"}, {1}}},
    [CB_EVENT_L1D_MISSES] = {{{"PAPI_L1_DCM"}, {1}}, {{"perf::L1-DCACHE-LOAD-MISSES"}, {1}}},
    [CB_EVENT_L2_MISSES] = {{{"PAPI_L2_DCM"}, {1}}},
    [CB_EVENT_L3_MISSES] = {{{"PAPI_L3_LDM"}, {1}}, {{"perf::LLC-LOAD-MISSES"}, {1}}},
};

size_t cb_event_candidates(const struct cb_cpu *cpu, enum cb_event event,
                           const struct cb_expression *candidates[CB_MAX_CANDIDATES])
{
    size_t n = 0;
    for (size_t i = 0; i < LENGTH(cpus); i++) {
        bool fits = !strcmp(cpu->vendor, cpus[i].vendor) && cpu->family == cpus[i].family &&
                    cpu->model >= cpus[i].first_model && cpu->model <= cpus[i].last_model;
        if (fits && event < cpus[i].n && cpus[i].events[event].names[0]) candidates[n++] = &cpus[i].events[event];
    }
    for (size_t i = 0; i < LENGTH(anywhere[event]); i++)
        if (anywhere[event][i].names[0]) candidates[n++] = &anywhere[event][i];
    return n;
}

enum cb_event cb_event_of_papi(const char *name)
{
    enum cb_event event = 0;
    for (; event < CB_HARDWARE_EVENTS; event++)
        for (size_t i = 0; i < LENGTH(anywhere[event]); i++)
            if (anywhere[event][i].names[0] && !strcmp(anywhere[event][i].names[0], name)) return event;
    return CB_EVENT_COUNT;
}

uint64_t cb_expression_total(const struct cb_expression *expression, const long long *values)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < CB_MAX_TERMS && expression->names[i]; i++)
        sum += expression->weights[i] * (uint64_t)values[i];
    return sum;
}

void cb_expression_text(const struct cb_expression *expression, char *text, size_t bytes)
{
    size_t used = (size_t)snprintf(text, bytes, cb_perf_code(expression->names[0]) < 0 ? "PAPI" : "perf");
    for (size_t i = 0; i < CB_MAX_TERMS && expression->names[i] && used < bytes; i++) {
        used += (size_t)snprintf(text + used, bytes - used, i ? " + " : " ");
        if (expression->weights[i] != 1 && used < bytes)
            used += (size_t)snprintf(text + used, bytes - used, "%u ", expression->weights[i]);
        if (used < bytes) used += (size_t)snprintf(text + used, bytes - used, "%s", expression->names[i]);
    }
}
