#include "ceilings.h"

#include <stdio.h>

#include "peak.h"

void cb_ceilings_begin(struct cb_ceilings *c, enum cb_isa isa, size_t threads)
{
    *c = (struct cb_ceilings){.threads = threads, .sizes = cb_memory_sizes(), .stream_isa = isa};
    for (enum cb_memory_level l = CB_LEVEL_L1; l < CB_LEVELS; l++) c->level[l].reason = "no case needed it";
}

enum cb_status cb_ceilings_measure(struct cb_ceilings *c, enum cb_memory_level l, struct cb_team *team,
                                   struct cb_error *err)
{
    struct cb_bandwidth_ceiling *level = &c->level[l];
    if (level->measured) return CB_OK;
    level->measured = true;
    level->bytes_per_thread = cb_level_bytes(&c->sizes, l, c->threads, &level->reason);
    if (!level->bytes_per_thread) return CB_OK;
    return cb_bandwidth(level->bytes_per_s, c->stream_isa, team, l, level->bytes_per_thread, err);
}

double cb_ceilings_peak(struct cb_ceilings *c, enum cb_format format, enum cb_isa isa, struct cb_team *team)
{
    double gflops = format == CB_BF16 ? cb_bf16_peak_gflops(isa, team) : 0;
    if (gflops == 0) gflops = cb_fma_peak_gflops(isa, team);
    return c->peak_flops[format][isa] = 1e9 * gflops;
}

enum cb_format cb_cost_format(const struct cb_cost *cost)
{
    return cost->least_flops[CB_BF16] > cost->least_flops[CB_F32] ? CB_BF16 : CB_F32;
}

static json_t *peaks_json(const double peak_flops[CB_ISA_COUNT])
{
    json_t *peaks = json_object();
    for (enum cb_isa isa = CB_ISA_SCALAR; isa < CB_ISA_COUNT; isa++)
        if (peak_flops[isa] > 0) json_object_set_new(peaks, cb_isa_name(isa), json_real(peak_flops[isa]));
    return peaks;
}

json_t *cb_ceilings_json(const struct cb_ceilings *c)
{
    json_t *levels = json_object();
    for (enum cb_memory_level l = CB_LEVEL_L1; l < CB_LEVELS; l++) {
        const struct cb_bandwidth_ceiling *from = &c->level[l];
        json_t *level = json_object();
        json_object_set_new(level, "bytes_per_thread", json_integer((json_int_t)from->bytes_per_thread));
        for (enum cb_stream s = CB_STREAM_READ; s < CB_STREAMS; s++) {
            const char *missing = cb_stream_missing(c->stream_isa, s, l);
            char key[32];
            snprintf(key, sizeof key, "%s_reason", cb_stream_names[s]);
            json_object_set_new(level, cb_stream_names[s],
                                from->bytes_per_s[s] > 0 ? json_real(from->bytes_per_s[s]) : json_null());
            if (missing) json_object_set_new(level, key, json_string(missing));
        }
        if (from->reason) json_object_set_new(level, "reason", json_string(from->reason));
        json_object_set_new(levels, cb_level_names[l], level);
    }
    return json_pack("{s:i, s:o, s:o, s:s, s:o}", "threads", (int)c->threads, "fma_peak_FLOPS",
                     peaks_json(c->peak_flops[CB_F32]), "bf16_peak_FLOPS", peaks_json(c->peak_flops[CB_BF16]),
                     "bandwidth_isa", cb_isa_name(c->stream_isa), "bandwidth_bytes_per_second", levels);
}

void cb_ceilings_print(const struct cb_ceilings *c)
{
    printf("%zu thread%s\n", c->threads, c->threads == 1 ? "" : "s");
    for (enum cb_isa isa = CB_ISA_SCALAR; isa < CB_ISA_COUNT; isa++)
        if (c->peak_flops[CB_F32][isa] > 0)
            printf("  FMA peak, fp32, %-10s %10.1f GFLOP/s; dot products of bf16 %10.1f\n", cb_isa_name(isa),
                   c->peak_flops[CB_F32][isa] * 1e-9, c->peak_flops[CB_BF16][isa] * 1e-9);
    printf("  %-25s", "memory of a thread");
    for (enum cb_stream s = CB_STREAM_READ; s < CB_STREAMS; s++) printf(" %10s", cb_stream_names[s]);
    printf("  GB/s, with %s\n", cb_isa_name(c->stream_isa));
    for (enum cb_memory_level l = CB_LEVEL_L1; l < CB_LEVELS; l++) {
        const struct cb_bandwidth_ceiling *level = &c->level[l];
        if (level->reason) {
            printf("  %-4s not measured: %s\n", cb_level_names[l], level->reason);
            continue;
        }
        printf("  %-4s %16.0f KiB", cb_level_names[l], (double)level->bytes_per_thread / 1024);
        for (enum cb_stream s = CB_STREAM_READ; s < CB_STREAMS; s++)
            if (level->bytes_per_s[s] > 0)
                printf(" %10.1f", level->bytes_per_s[s] * 1e-9);
            else
                printf(" %10s", "-");
        printf("\n");
    }
    const char *missing = cb_stream_missing(c->stream_isa, CB_STREAM_NT_COPY, CB_LEVEL_DRAM);
    if (missing) printf("  no nt_copy: %s\n", missing);
}

static enum cb_stream fastest(const struct cb_bandwidth_ceiling *level)
{
    enum cb_stream most = CB_STREAM_READ;
    for (enum cb_stream s = CB_STREAM_READ; s < CB_STREAMS; s++)
        if (level->bytes_per_s[s] > level->bytes_per_s[most]) most = s;
    return most;
}

static double fastest_rate(const struct cb_bandwidth_ceiling *level)
{
    return level->bytes_per_s[fastest(level)];
}

/* All of the level that the team has. */
static double capacity(const struct cb_ceilings *c, enum cb_memory_level level)
{
    double bytes = (double)c->sizes.cache_bytes[level];
    size_t caches = c->threads;
    if (level == CB_LEVEL_L3) caches = (c->threads + c->sizes.l3_shared_by - 1) / c->sizes.l3_shared_by;
    return bytes * (double)caches;
}

enum cb_status cb_ceilings_measure_for(struct cb_ceilings *c, double bytes, bool cold, struct cb_team *team,
                                       struct cb_error *err)
{
    enum cb_status status = CB_OK;
    for (enum cb_memory_level l = cold ? CB_LEVEL_DRAM : CB_LEVEL_L1; l < CB_LEVELS && !status; l++) {
        if (l < CB_LEVEL_DRAM && capacity(c, l) < bytes) continue;
        status = cb_ceilings_measure(c, l, team, err);
        if (fastest_rate(&c->level[l]) > 0) break;
    }
    return status;
}

struct cb_roof cb_roofline(const struct cb_ceilings *c, enum cb_isa isa, const struct cb_cost *cost, bool cold)
{
    enum cb_memory_level level = cold ? CB_LEVEL_DRAM : CB_LEVEL_L1;
    /* A cache whose bandwidth could not be measured is passed over for the next one. */
    while (level < CB_LEVEL_DRAM && (capacity(c, level) < cost->bytes || fastest_rate(&c->level[level]) == 0)) level++;
    struct cb_roof roof = {
        .level = level, .stream = fastest(&c->level[level]), .bytes_per_s = fastest_rate(&c->level[level])};
    double flops_s = 0, bytes_s = roof.bytes_per_s > 0 ? cost->bytes / roof.bytes_per_s : 0;
    for (enum cb_format format = CB_F32; format < CB_FORMATS; format++)
        if (c->peak_flops[format][isa] > 0) flops_s += cost->least_flops[format] / c->peak_flops[format][isa];
    roof.compute_bound = flops_s > bytes_s;
    roof.least_s = roof.compute_bound ? flops_s : bytes_s;
    return roof;
}
