#include "exact_marks.h"

/* They do nothing; the operands differ so that the compiler does not merge them. */
__attribute__((noinline)) void cb_counted_begin(void)
{
    __asm__ volatile("" : : "i"(1) : "memory");
}

__attribute__((noinline)) void cb_counted_end(void)
{
    __asm__ volatile("" : : "i"(2) : "memory");
}

__attribute__((noinline)) void cb_counted_work(cb_work_fn *work, void *context)
{
    cb_counted_begin();
    work(context);
    cb_counted_end();
}
