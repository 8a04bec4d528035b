#ifndef CB_REPORT_MEMORY_H
#define CB_REPORT_MEMORY_H

#include <stddef.h>

/* A report that lacks memory is worth nothing: these end the program with a message and exit status 1. */
void *cb_report_alloc(size_t size);
void *cb_report_realloc(void *memory, size_t size);
/* Lets jansson allocate the same way, for it may drop text without a word otherwise. Call before its first use. */
void cb_report_memory_init(void);

#endif
