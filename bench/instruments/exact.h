#ifndef CB_EXACT_H
#define CB_EXACT_H

#include <stdint.h>

#include "count.h"
#include "exact_marks.h"

/* Exact instruction counts where there is no PMU. All of them count what one thread executes in user space while
 * cb_counted_work runs, and give the same number at every repetition of the same program:
 *
 *     single-step  every ISA of this CPU, AVX-512 too; about 40,000 instructions a second: a few million at most
 *     callgrind    scalar, AVX2 (valgrind hides AVX-512 from the program); about 300 times slower than the program
 *     qemu-user    NEON on x86-64, scalar and AVX2 on Arm; about 100 times slower
 *
 * What is resolved or allocated at its first use counts too: run the work once before. */

/* Counts work(context) in a copy of this process (fork) that is stopped after each instruction (of a repeated string
 * instruction, which is one, after each repetition). The work must use the calling thread alone: a team of one. Gives up after limit instructions. */
void cb_count_by_step(struct cb_count *count, cb_work_fn *work, void *context, uint64_t limit);

/* Run the program argv (NULL ends it), which calls cb_counted_work and exits with 0. Its standard output is thrown
 * away. emulator: "qemu-aarch64", ...; plugin: path of the qemu-count.so of this build. */
void cb_count_by_callgrind(struct cb_count *count, const char *const argv[]);
void cb_count_by_qemu(struct cb_count *count, const char *emulator, const char *plugin, const char *const argv[]);

/* Which of them this machine has: for each a text, or null with "<method>_reason"; single-step is tried. New reference.
 */
json_t *cb_exact_describe(void);

#endif
