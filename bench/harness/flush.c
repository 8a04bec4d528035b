#include "flush.h"

#include <stdint.h>

/* By instruction, line by line: reading something large instead would rely on cache sizes, which virtual machines
 * misstate, and on a replacement policy that is not known. */

#if defined(__x86_64__)
#include <emmintrin.h>

enum { LINE_BYTES = 64 };

bool cb_can_flush(void)
{
    return true;
}

static void flush_line(const char *p)
{
    _mm_clflush(p);
}

static void wait(void)
{
    _mm_mfence();
}

#elif defined(__aarch64__)

enum { LINE_BYTES = 64 }; /* the smallest that is in use; more instructions than lines do no harm */

bool cb_can_flush(void)
{
    return true;
}

static void flush_line(const char *p)
{
    __asm__ volatile("dc civac, %0" : : "r"(p) : "memory");
}

static void wait(void)
{
    __asm__ volatile("dsb ish" : : : "memory");
}

#else

enum { LINE_BYTES = 64 };

bool cb_can_flush(void)
{
    return false;
}

static void flush_line(const char *p)
{
    (void)p;
}

static void wait(void) {}

#endif

void cb_flush_from_caches(const void *buffer, size_t bytes)
{
    const char *first = (const char *)((uintptr_t)buffer & ~(uintptr_t)(LINE_BYTES - 1)),
               *end = (const char *)buffer + bytes;
    for (const char *p = first; p < end; p += LINE_BYTES) flush_line(p);
    wait();
}
