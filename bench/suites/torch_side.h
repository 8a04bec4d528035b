#ifndef CB_TORCH_SIDE_H
#define CB_TORCH_SIDE_H

#include <stdbool.h>
#include <stddef.h>

#include "core/status.h"
#include "model/model.h"

/* The training step in PyTorch, in a process of its own (peers/torch_step.py says how they talk). */
struct torch_side;

/* $CYCLEBENCH_PYTHON is the interpreter, or /usr/bin/python3. CB_UNAVAILABLE, with the reason, if there is no PyTorch.
 */
enum cb_status torch_side_start(struct torch_side **side, const struct cb_network *network, size_t batch,
                                size_t threads, struct cb_error *err);
const char *torch_side_about(const struct torch_side *side);   /* version, threads, ... as JSON */
const char *torch_side_version(const struct torch_side *side); /* NULL: it does not tell */
/* bf16: under autocast. */
enum cb_status torch_side_step(struct torch_side *side, bool bf16, struct cb_error *err);
/* Peak bytes in memory of its process so far; 0: it does not answer. */
double torch_side_memory_bytes(struct torch_side *side);
void torch_side_stop(struct torch_side *side); /* accepts NULL */

#endif
