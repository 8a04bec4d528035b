#ifndef CB_SCORE_JSON_H
#define CB_SCORE_JSON_H

#include "score.h"

/* A score as JSON, from which what is printed is made; README.md has the keys. A missing value is null with
 * "<key>_reason". New reference; NULL without memory. */
json_t *cb_score_document(const struct cb_score *score);

/* The name of a machine's file: its processor, instruction set and threads, "amd-epyc-26-2-1-avx512-2-threads.json". */
void cb_score_file_name(char *name, size_t bytes, const json_t *document);

#endif
