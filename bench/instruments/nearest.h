#ifndef CB_NEAREST_H
#define CB_NEAREST_H

#include <stddef.h>

/* For "did you mean": of count names the one that is the fewest slips from `wanted` (a character more, less or another;
 * Levenshtein's distance), at most max_slips; NULL if none is so near. Names of 64 characters or more are far away. */
const char *cb_nearest(const char *wanted, const char *const *names, size_t count, size_t max_slips);

#endif
