#ifndef CB_RECIPE_KEYS_H
#define CB_RECIPE_KEYS_H

/* Private to train/recipes: the one table from which parsing, --set, checking, writing and the help text come. */

#include <limits.h>
#include <stddef.h>

#include "recipes/recipe.h"

enum recipe_type {
    KEY_BOOL,       /* int: true or false */
    KEY_SIZE,       /* size_t */
    KEY_U64,        /* uint64_t */
    KEY_REAL,       /* double */
    KEY_TRIPLE,     /* double[3], one a channel */
    KEY_WORD,       /* an enum: one of words */
    KEY_FILES,      /* data.train_files */
    KEY_AUGMENT,    /* data.augment */
    KEY_MILESTONES, /* struct cb_milestones */
};

struct recipe_key {
    const char *section, *name;
    enum recipe_type type;
    size_t offset;      /* in struct cb_recipe */
    const char *bounds; /* of a number: "[]", "(]", "[)" or "()" between min and max */
    double min, max;
    const char *(*word)(size_t i, int *value); /* KEY_WORD: the i-th word and its value; NULL after the last */
    int by_kind;                               /* used by the schedule kinds that name it; 0: by all */
    const char *fallback;                      /* NULL: must be given */
    size_t fallback_of_set;                    /* 0, or where struct cb_dataset has the default of data.set as text */
    const char *meaning;
};

extern const struct recipe_key cb_recipe_table[];
extern const size_t cb_recipe_keys_count;
enum { MAX_RECIPE_KEYS = 64 }; /* room for what a reader keeps of each key; keys.c checks it */

const struct recipe_key *cb_recipe_find_key(const char *section, const char *name); /* NULL if there is none */

enum { RECIPE_VALUE_BYTES = 512, RECIPE_ALLOWED_BYTES = 256 };

/* The text of a recipe's file, which is found as cb_recipe_read says; free(bytes->data). */
enum cb_status cb_recipe_open(struct cb_bytes *bytes, char path[PATH_MAX], const char *name, struct cb_error *err);

/* Stores the text of a value; 0 if it is not allowed, then nothing is stored. */
int cb_recipe_store(struct cb_recipe *recipe, const struct recipe_key *key, const char *text);
/* The value as text that cb_recipe_store reads back to the same bits. */
void cb_recipe_format(const struct cb_recipe *recipe, const struct recipe_key *key, char text[RECIPE_VALUE_BYTES]);
/* What a key allows, for messages: "an integer 1 .. 1024". */
void cb_recipe_allowed(const struct recipe_key *key, char text[RECIPE_ALLOWED_BYTES]);
/* The default with this recipe's data set, NULL if there is none; it may stand in text. */
const char *cb_recipe_fallback(const struct cb_recipe *recipe, const struct recipe_key *key,
                               char text[RECIPE_VALUE_BYTES]);
/* Whether the recipe's schedule kind uses the key. */
int cb_recipe_uses(const struct cb_recipe *recipe, const struct recipe_key *key);
/* Whether this recipe has the key: its schedule kind uses it, and of epochs and iterations it is the one given. */
int cb_recipe_has(const struct cb_recipe *recipe, const struct recipe_key *key);

#endif
