#include "memory.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

static void *checked(void *memory)
{
    if (memory) return memory;
    fputs("cyclebench: out of memory\n", stderr);
    exit(EXIT_FAILURE);
}

void *cb_report_alloc(size_t size)
{
    return checked(malloc(size ? size : 1));
}

void *cb_report_realloc(void *memory, size_t size)
{
    return checked(realloc(memory, size ? size : 1));
}

void cb_report_memory_init(void)
{
    json_set_alloc_funcs(cb_report_alloc, free);
}
