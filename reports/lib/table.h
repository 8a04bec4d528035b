#ifndef CB_TABLE_H
#define CB_TABLE_H

#include <jansson.h>
#include <stdio.h>

/* Prints a comparison (comparison.h) for people: a column a run, then the reason of every "-", then the warnings. */
void cb_comparison_print(FILE *out, const json_t *comparison);

#endif
