#ifndef CB_EXACT_MARKS_H
#define CB_EXACT_MARKS_H

typedef void cb_work_fn(void *context);

/* Runs the work between two marks that all of exact.h's methods know. A program that is counted needs no more than
 * this. */
void cb_counted_work(cb_work_fn *work, void *context);

/* The marks, known by their names and addresses. */
void cb_counted_begin(void);
void cb_counted_end(void);

#endif
