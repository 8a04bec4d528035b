#ifndef CB_RECIPE_KEYS_H
#define CB_RECIPE_KEYS_H

/* Private to train/recipes: the one table from which parsing, --set, checking, writing and the help text come. */

#include <stddef.h>

#include "recipes/recipe.h"

enum recipe_type {
    KEY_BOOL,       /* int: true or false */
    KEY_SIZE,       /* size_t */
    KEY_U64,        /* uint64_t */
    KEY_REAL,       /* double */
    KEY_TRIPLE,     /* double[3], one a channel */
    KEY_WORD,       /* an enum: one of words */
    KEY_LETTER,     /* char: one of words */
    KEY_FILES,      /* data.train_files */
    KEY_AUGMENT,    /* data.augment */
    KEY_MILESTONES, /* schedule.milestones */
};

/* With words, the value must be one of them; a value that is no enum constant is unused. */
struct recipe_word {
    const char *name;
    int value;
};

/* Bits 1 << enum cb_schedule_kind: the schedule kinds that use a key. */
enum {
    ALL_KINDS = 1 << CB_ONE_CYCLE | 1 << CB_STEP | 1 << CB_CONSTANT | 1 << CB_COSINE | 1 << CB_RANGE_TEST,
    NOT_ONE_CYCLE = ALL_KINDS & ~(1 << CB_ONE_CYCLE),
};

struct recipe_key {
    const char *section, *name;
    enum recipe_type type;
    size_t offset;      /* in struct cb_recipe */
    const char *bounds; /* of a number: "[]", "(]", "[)" or "()" between min and max */
    double min, max;
    const struct recipe_word *words; /* ends with a NULL name; NULL: any */
    int kinds;                       /* schedule kinds that use it */
    const char *fallback;            /* NULL: must be given */
    const char *meaning;
};

enum { RECIPE_KEYS = 33 };

extern const struct recipe_key cb_recipe_table[RECIPE_KEYS];

const struct recipe_key *cb_recipe_find_key(const char *section, const char *name); /* NULL if there is none */

enum { RECIPE_VALUE_BYTES = 512, RECIPE_ALLOWED_BYTES = 256 };

/* Stores the text of a value; 0 if it is not allowed, then nothing is stored. */
int cb_recipe_store(struct cb_recipe *recipe, const struct recipe_key *key, const char *text);
/* The value as text that cb_recipe_store reads back to the same bits. */
void cb_recipe_format(const struct cb_recipe *recipe, const struct recipe_key *key, char text[RECIPE_VALUE_BYTES]);
/* What a key allows, for messages: "an integer 1 .. 1024". */
void cb_recipe_allowed(const struct recipe_key *key, char text[RECIPE_ALLOWED_BYTES]);
/* Whether this recipe has the key: its schedule kind uses it, and of epochs and iterations it is the one given. */
int cb_recipe_has(const struct cb_recipe *recipe, const struct recipe_key *key);

#endif
