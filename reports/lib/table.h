#ifndef CB_TABLE_H
#define CB_TABLE_H

#include <jansson.h>
#include <stdio.h>

/* Prints a comparison (comparison.h) for people: a column a run, then the reason of every "-", then what is the same,
 * the warnings and, last, the summary. Nothing that a record holds can drive the terminal. */
void cb_comparison_print(FILE *out, const json_t *comparison);

#endif
