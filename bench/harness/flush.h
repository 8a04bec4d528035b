#ifndef CB_FLUSH_H
#define CB_FLUSH_H

#include <stdbool.h>
#include <stddef.h>

/* Writes the lines of the memory back and drops them from every level of the caches. */
void cb_flush_from_caches(const void *buffer, size_t bytes);

/* False where the processor has no instruction for it. */
bool cb_can_flush(void);

#endif
