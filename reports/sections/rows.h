#ifndef CB_SECTIONS_ROWS_H
#define CB_SECTIONS_ROWS_H

#include <jansson.h>

/* Rows of a result of `cyclebench bench`. */

/* The rows that stand for all repetitions: the medians, or the middle repetition where there is none. New reference. */
json_t *cb_bench_rows(const json_t *bench);
/* Of a row: "winograd:avx512", what follows the contest in its name. New reference. */
json_t *cb_row_implementation(const json_t *row);
/* Seconds of a call; NaN if not known. */
double cb_row_seconds(const json_t *row);
/* Of a contest's name: its family and the rest, "conv" and "fwd/3x3/c:16/...". New references. */
json_t *cb_operation_of(const char *contest);
json_t *cb_shape_of(const char *contest);
/* Names of parts between slashes without the parts that all have; "" in *common if they have not as many parts each.
 * New references. */
json_t *cb_without_common_parts(const json_t *names, json_t **common);

#endif
