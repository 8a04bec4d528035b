/* A program to be counted: `count_loop N` runs N rounds of 20 instructions and the loop's own inside cb_counted_work.
 */
#include <stdlib.h>

#include "exact_marks.h"

static void rounds(void *context)
{
    for (size_t i = *(size_t *)context; i > 0; i--) __asm__ volatile(".rept 20\n\tnop\n\t.endr");
}

int main(int argc, char **argv)
{
    size_t n = argc > 1 ? strtoul(argv[1], NULL, 10) : 0;
    if (!n) return 2;
    cb_counted_work(rounds, &n);
    return 0;
}
