#ifndef CB_FORMAT_H
#define CB_FORMAT_H

#include <stddef.h>

/* How numbers are held: activations in memory, or the operands of products. core/bf16.h is bf16's definition. */
enum cb_format { CB_F32, CB_BF16, CB_FORMATS };

static inline size_t cb_format_bytes(enum cb_format format)
{
    return format == CB_BF16 ? 2 : 4;
}

#endif
