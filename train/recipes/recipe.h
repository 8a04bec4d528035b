#ifndef CB_RECIPE_H
#define CB_RECIPE_H

#include "files/sha256.h"
#include "data/data.h"
#include "model/model.h"
#include "schedule/schedule.h"

/* A training, complete: what train/recipes/<name>.ini says, after --set. */
enum { CB_RECIPE_NAME = 128, CB_DESCRIPTION_BYTES = 200 };
struct cb_recipe {
    char name[CB_RECIPE_NAME]; /* of the file, without folder and suffix */
    struct {
        int set;                         /* of cb_datasets */
        char train_files[CB_FILES_TEXT]; /* comma-separated */
        int shuffle;
        char augment[64]; /* as written: none, or a list of flip, crop, reflect, zero */
        struct cb_augmentation augmentation;
        double mean[3], std[3];
        size_t holdout; /* the last n training images are kept for validation, which then replaces the test set in the
                           log */
        size_t batch;
    } data;
    struct {
        int depth, shortcut; /* one of CB_RESNET_DEPTHS; 'A' or 'B' */
        enum cb_init init;
        enum cb_numerics numerics; /* numerics.version */
    } network;                     /* cb_recipe_network makes a struct cb_network of it */
    struct {
        double momentum, weight_decay;
        int nesterov;
    } optimizer;
    struct cb_schedule schedule; /* iterations filled in by cb_recipe_resolve */
    double epochs;               /* schedule.epochs, or 0 when schedule.iterations was given */
    struct {
        uint64_t seed;
        double target;           /* accuracy on the evaluation set, in percent, to which the time is taken */
        size_t eval_every;       /* epochs; the last epoch is always evaluated */
        size_t checkpoint_every; /* iterations between resume files; 0: at the end of each epoch */
        int log_iterations;
    } run;
};

/* Reads a recipe: a path (contains '/' or ends in .ini) or the name of a file in the recipes folder. It may begin with
 * `base = RECIPE`, of the same two forms, whose keys it replaces one by one. overrides: count strings
 * "section.key=value". Errors name file, line and key (or the option), what was found and what is allowed;
 * unknown keys, sections, duplicates, wrong types, values out of range, keys that the schedule kind does not use are
 * refused. Over a base or a file two keys make room for themselves: schedule.kind drops the keys that it does not use;
 * schedule.epochs drops schedule.iterations, and the other way round. */
enum cb_status cb_recipe_read(struct cb_recipe *recipe, const char *name, const char *const *overrides, size_t count,
                              struct cb_error *err);
/* The same from memory (for tests and fuzzing). */
enum cb_status cb_recipe_parse(struct cb_recipe *recipe, const char *text, size_t len, const char *name,
                               const char *const *overrides, size_t count, struct cb_error *err);
/* The names of the recipes in the recipes folder, sorted; free(*names). */
enum cb_status cb_recipe_list(char (**names)[CB_RECIPE_NAME], size_t *count, struct cb_error *err);
/* What the first line of a recipe's file says after "; NAME: ". */
enum cb_status cb_recipe_describe(char text[CB_DESCRIPTION_BYTES], const char *name, struct cb_error *err);

/* Turns epochs into iterations for this many training images (after holdout): ceil(epochs * ceil(images/batch)), and
 * milestones given in percent into iterations (rounded down); checks the schedule. */
enum cb_status cb_recipe_resolve(struct cb_recipe *recipe, size_t images, struct cb_error *err);

/* The network that the recipe trains. */
struct cb_network cb_recipe_network(const struct cb_recipe *recipe);

/* The complete recipe as INI text, every key written, numbers so that reading it back gives the same bits. Returns
 * malloc'ed text. */
char *cb_recipe_text(const struct cb_recipe *recipe);
/* What makes it another training: SHA-256 of the text of the keys that differ from their default or have none. A key
 * that a later version adds with a default does not change it. */
enum cb_status cb_recipe_sha256(const struct cb_recipe *recipe, char hex[CB_SHA256_HEX], struct cb_error *err);
/* The same as JSON, an object of sections with typed values; NULL if out of memory. New reference (jansson's json_t).
 */
struct json_t *cb_recipe_json(const struct cb_recipe *recipe);
/* Every key with its type, range, default and meaning, for --help and the docs. Static text. */
const char *cb_recipe_keys(void);

#endif
