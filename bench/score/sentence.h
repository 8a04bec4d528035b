#ifndef CB_SCORE_SENTENCE_H
#define CB_SCORE_SENTENCE_H

#include <jansson.h>
#include <stddef.h>

/* "47 s", "29 min", "7 h 34 min"; decimals: of seconds and minutes. */
void cb_score_time_text(char *text, size_t bytes, double seconds, int decimals);

/* A text of a score's objects; "" if it is missing. */
const char *cb_score_text(const json_t *object, const char *key);

/* Adds "summary" to a score: a recipe and another one, of another schedule if there is such, in the fastest version. */
void cb_score_put_summary(json_t *document);

#endif
