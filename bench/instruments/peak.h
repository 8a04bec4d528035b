#ifndef CB_PEAK_H
#define CB_PEAK_H

#include "core/isa.h"
#include "core/team.h"

/* GFLOP/s of fused multiply-adds on registers, all threads of the team at once: the ceiling that kernels are held
 * against. Best of several short repetitions, about 50 ms a call; interleave it with what it is compared to, as
 * clocks and neighbours change. The ISA must be available (cb_isa_available). */
double cb_fma_peak_gflops(enum cb_isa isa, struct cb_team *team);

/* The same of dot products of bf16; 0 where the ISA has no such instruction. */
double cb_bf16_peak_gflops(enum cb_isa isa, struct cb_team *team);

#endif
