#ifndef CB_RECIPE_H
#define CB_RECIPE_H

#include "checkpoint/files.h"
#include "data/data.h"
#include "model/model.h"
#include "schedule/schedule.h"

/* A training, complete: what train/recipes/<name>.ini says, after --set. */
struct cb_recipe {
    char name[128]; /* of the file, without folder and suffix */
    struct {
        char train_files[512]; /* comma-separated */
        int shuffle;
        char augment[64]; /* as written: none, or a list of flip, crop, reflect, zero */
        struct cb_augmentation augmentation;
        double mean[3], std[3];
        size_t holdout; /* the last n training images are kept for validation, which then replaces the test set in the
                           log */
        size_t batch;
    } data;
    struct cb_network network;
    struct {
        double momentum, weight_decay;
        int nesterov;
    } optimizer;
    struct cb_schedule schedule;                 /* iterations filled in by cb_recipe_resolve */
    double epochs;                               /* schedule.epochs, or 0 when schedule.iterations was given */
    double milestone_percent[CB_MAX_MILESTONES]; /* of the iterations, where schedule.milestones says "50%"; 0 where it
                                                    is an iteration */
    struct {
        uint64_t seed;
        double target;           /* test accuracy in percent that stops the clock */
        size_t eval_every;       /* epochs; the last epoch is always evaluated */
        size_t checkpoint_every; /* iterations between resume files; 0: at the end of each epoch */
        int log_iterations;
    } run;
};

/* Reads a recipe: a path (contains '/' or ends in .ini) or the name of a file in the recipes folder. overrides: count
 * strings "section.key=value". Errors name file, line and key (or the option), what was found and what is allowed;
 * unknown keys, sections, duplicates, wrong types, values out of range, keys that the schedule kind does not use are
 * refused. Two overrides make room for themselves: schedule.kind drops the file's keys that only its own kind used;
 * schedule.epochs drops the file's schedule.iterations, and the other way round. */
enum cb_status cb_recipe_read(struct cb_recipe *recipe, const char *name, const char *const *overrides, size_t count,
                              struct cb_error *err);
/* The same from memory (for tests and fuzzing). */
enum cb_status cb_recipe_parse(struct cb_recipe *recipe, const char *text, size_t len, const char *name,
                               const char *const *overrides, size_t count, struct cb_error *err);
/* Turns epochs into iterations for this many training images (after holdout): ceil(epochs * ceil(images/batch)), and
 * milestones given in percent into iterations (rounded down); checks the schedule. */
enum cb_status cb_recipe_resolve(struct cb_recipe *recipe, size_t images, struct cb_error *err);

/* The complete recipe as INI text, every key written, numbers so that reading it back gives the same bits. Returns
 * malloc'ed text. */
char *cb_recipe_text(const struct cb_recipe *recipe);
/* What makes it another training: SHA-256 of the text of the keys that differ from their default or have none. A key that
 * a later version adds with a default does not change it. */
enum cb_status cb_recipe_sha256(const struct cb_recipe *recipe, char hex[CB_SHA256_HEX], struct cb_error *err);
/* The same as JSON, an object of sections with typed values; NULL if out of memory. New reference (jansson's json_t).
 */
struct json_t *cb_recipe_json(const struct cb_recipe *recipe);
/* Every key with its type, range, default and meaning, for --help and the docs. Static text. */
const char *cb_recipe_keys(void);

#endif
