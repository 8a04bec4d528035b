#include "counter_loops.h"

#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "ceiling_kernels.h"
#include "core/isa.h"
#include "core/random.h"

#if defined(__x86_64__)

bool cb_loops_available(void)
{
    return true;
}

/* 48 + 2 instructions: the assembler cannot unroll or remove any. */
void cb_loop_plain(size_t n)
{
    __asm__ volatile("1: .rept 48\n\tnop\n\t.endr\n\tdec %0\n\tjnz 1b" : "+r"(n) : : "cc");
}

void cb_loop_multiply(size_t n)
{
    uint64_t x = 3;
    __asm__ volatile("1: .rept 16\n\timul %0, %0\n\t.endr\n\tdec %1\n\tjnz 1b" : "+r"(x), "+r"(n) : : "cc");
}

static void flush_line(const void *line)
{
    __asm__ volatile("clflush %0" : : "m"(*(const char *)line) : "memory");
}

static void wait_for_flushes(void)
{
    __asm__ volatile("mfence" : : : "memory");
}

#elif defined(__aarch64__)

bool cb_loops_available(void)
{
    return true;
}

void cb_loop_plain(size_t n)
{
    __asm__ volatile("1: .rept 48\n\tnop\n\t.endr\n\tsubs %0, %0, #1\n\tb.ne 1b" : "+r"(n) : : "cc");
}

void cb_loop_multiply(size_t n)
{
    uint64_t x = 3;
    __asm__ volatile("1: .rept 16\n\tmul %0, %0, %0\n\t.endr\n\tsubs %1, %1, #1\n\tb.ne 1b"
                     : "+r"(x), "+r"(n)
                     :
                     : "cc");
}

static void flush_line(const void *line)
{
    __asm__ volatile("dc civac, %0" : : "r"(line) : "memory");
}

static void wait_for_flushes(void)
{
    __asm__ volatile("dsb ish" : : : "memory");
}

#else

bool cb_loops_available(void)
{
    return false;
}

void cb_loop_plain(size_t n)
{
    (void)n;
}

void cb_loop_multiply(size_t n)
{
    (void)n;
}

static void flush_line(const void *line)
{
    (void)line;
}

static void wait_for_flushes(void) {}

#endif

void cb_loop_random_branches(size_t n)
{
    uint64_t x = UINT64_C(0x9E3779B97F4A7C15);
    for (size_t i = 0; i < n; i++) {
        x ^= x << 13, x ^= x >> 7, x ^= x << 17;
        /* Two statements that cannot be merged, so that the compiler keeps the branch. */
        if (x & 1)
            __asm__ volatile("" : "+r"(x));
        else
            __asm__ volatile("" : "+r"(i));
    }
}

void cb_loop_fma(size_t n)
{
    float result;
    cb_ceiling_kernels_of(cb_isa_selected()).fma_chains(n, &result);
    __asm__ volatile("" : : "m"(result));
}

double cb_loop_fma_flops(void)
{
    float result;
    return cb_ceiling_kernels_of(cb_isa_selected()).fma_chains(1, &result);
}

/* A ring through all nodes of an array in random order: no prefetcher guesses the next. */
enum { WARM_NODES = 64 };
static const size_t cold_step = 1024, warm_step = 64;

static void *ring(size_t nodes, size_t step)
{
    char *memory = aligned_alloc(4096, nodes * step);
    size_t *order = malloc(nodes * sizeof *order);
    if (!memory || !order) {
        free(memory), free(order);
        return NULL;
    }
    for (size_t i = 0; i < nodes; i++) order[i] = i;
    for (size_t i = nodes - 1; i > 0; i--) {
        uint32_t bits[4];
        cb_random_bits(1, CB_RANDOM_SYNTHETIC, 0, i, bits);
        size_t j = bits[0] % (i + 1), swapped = order[i];
        order[i] = order[j], order[j] = swapped;
    }
    for (size_t i = 0; i < nodes; i++)
        *(void **)(void *)(memory + order[i] * step) = memory + order[(i + 1) % nodes] * step;
    free(order);
    return memory;
}

static void follow(void *start, size_t n)
{
    void *volatile end;
    void **p = start;
    for (size_t i = 0; i < n; i++) p = *p;
    end = (void *)p;
    (void)end;
}

static void *cold_ring;

void cb_loop_cold_prepare(void)
{
    if (!cold_ring) cold_ring = ring(CB_COLD_LINES, cold_step);
    if (!cold_ring) return;
    for (size_t i = 0; i < CB_COLD_LINES; i++) flush_line((char *)cold_ring + i * cold_step);
    wait_for_flushes();
}

void cb_loop_cold(size_t n)
{
    if (cold_ring) follow(cold_ring, n);
}

static void *warm_ring;

void cb_loop_warm_prepare(void)
{
    if (!warm_ring) warm_ring = ring(WARM_NODES, warm_step);
    cb_loop_warm(WARM_NODES);
}

void cb_loop_warm(size_t n)
{
    if (warm_ring) follow(warm_ring, n);
}

void cb_loop_fault(size_t n)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char *memory = mmap(NULL, n * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return;
    madvise(memory, n * page, MADV_NOHUGEPAGE); /* one fault would bring many */
    for (size_t i = 0; i < n; i++) *(volatile char *)(memory + i * page) = 1;
    munmap(memory, n * page);
}
