#include "recipes/keys.h"

#include <string.h>

/* --- words -------------------------------------------------------------------------------------------------------- */

static const char *set_word(size_t i, int *value)
{
    *value = (int)i;
    return i < CB_DATASETS ? cb_datasets[i].name : NULL;
}

static const char *depth_word(size_t i, int *value)
{
#define NAME(depth) #depth,
#define VALUE(depth) depth,
    static const char *const names[] = {CB_RESNET_DEPTHS(NAME) NULL};
    static const int values[] = {CB_RESNET_DEPTHS(VALUE) 0};
    *value = values[i];
    return names[i];
}

static const char *shortcut_word(size_t i, int *value)
{
    static const char *const names[] = {"A", "B", NULL};
    *value = 'A' + (int)i;
    return names[i];
}

static const char *init_word(size_t i, int *value)
{
    static const char *const names[] = {
        [CB_INIT_HE_FAN_IN] = "he_fan_in", [CB_INIT_HE_FAN_OUT] = "he_fan_out", [CB_INIT_TORCH03] = "torch03", NULL};
    *value = (int)i;
    return names[i];
}

static const char *kind_word(size_t i, int *value)
{
    *value = (int)i;
    return cb_schedule_name((enum cb_schedule_kind)i);
}

static const char *numerics_word(size_t i, int *value)
{
    *value = (int)i;
    return cb_numerics_name((enum cb_numerics)i);
}

/* --- the table ---------------------------------------------------------------------------------------------------- */

/* Sections in the order in which they are written; the keys of a section stand together. */
#define KEY(section_, name_, type_, member)                                                                            \
    .section = #section_, .name = #name_, .type = KEY_##type_, .offset = offsetof(struct cb_recipe, member)
#define RANGE(bounds_, min_, max_) .bounds = bounds_, .min = min_, .max = max_
#define DEFAULT(text) .fallback = text
#define OF_SET(member) .fallback_of_set = offsetof(struct cb_dataset, member)
#define MEANING(text) .meaning = text

const struct recipe_key cb_recipe_table[] = {
    /* Before what has its defaults from the set. */
    {KEY(data, set, WORD, data.set), .word = set_word, DEFAULT("cifar10"), MEANING("which images")},
    {KEY(data, train_files, FILES, data.train_files), MEANING("training images, in this order")},
    {KEY(data, shuffle, BOOL, data.shuffle), DEFAULT("true"),
     MEANING("a new random order of the images in each epoch")},
    {KEY(data, augment, AUGMENT, data.augment),
     MEANING("reflect repeats the edge pixel and crops at offsets 0..7, zero crops at 0..8")},
    {KEY(data, mean, TRIPLE, data.mean), RANGE("[]", 0, 1), OF_SET(mean),
     MEANING("subtracted from each channel of pixels in 0..1")},
    {KEY(data, std, TRIPLE, data.std), RANGE("[]", 1e-6, 1), OF_SET(std), MEANING("each channel is divided by it")},
    {KEY(data, holdout, SIZE, data.holdout), RANGE("[]", 0, 1e9), DEFAULT("0"),
     MEANING("the last n training images validate instead of the test set")},
    {KEY(data, batch, SIZE, data.batch), RANGE("[]", 1, CB_MAX_BATCH), MEANING("images of an iteration")},
    {KEY(network, depth, WORD, network.depth), .word = depth_word, MEANING("weighted layers, 6n+2")},
    {KEY(network, shortcut, WORD, network.shortcut), .word = shortcut_word,
     MEANING("where the shape changes: A subsamples and pads with zeros, B is a 1x1 convolution")},
    {KEY(network, init, WORD, network.init), .word = init_word, MEANING("how the weights are drawn")},
    {KEY(optimizer, momentum, REAL, optimizer.momentum), RANGE("[)", 0, 1), .by_kind = 1, DEFAULT("0.9"),
     MEANING("of SGD")},
    {KEY(optimizer, weight_decay, REAL, optimizer.weight_decay), RANGE("[]", 0, 1), DEFAULT("0.0001"),
     MEANING("L2, on every parameter")},
    {KEY(optimizer, nesterov, BOOL, optimizer.nesterov), DEFAULT("false"), MEANING("Nesterov's form of momentum")},
    {KEY(schedule, kind, WORD, schedule.kind), .word = kind_word,
     MEANING("how learning rate and momentum move; decides which other schedule keys there are")},
    {KEY(schedule, epochs, REAL, epochs), RANGE("(]", 0, 100000),
     MEANING("length of the training; give this or schedule.iterations")},
    {KEY(schedule, iterations, SIZE, schedule.iterations), RANGE("[]", 1, 1e9),
     MEANING("length of the training; give this or schedule.epochs")},
#define CB_SCHEDULE_KEY(TYPE, name, bounds_, min_, max_, fallback_, meaning_)                                          \
    {KEY(schedule, name, TYPE, schedule.name), RANGE(bounds_, min_, max_), .by_kind = 1, DEFAULT(fallback_),           \
     MEANING(meaning_)},
#include "schedule/schedule.inc"
    {KEY(numerics, version, WORD, network.numerics), .word = numerics_word, DEFAULT("fp32-winograd"),
     MEANING("which arithmetic; the same version gives the same bits on every machine")},
    {KEY(run, seed, U64, run.seed), DEFAULT("1"), MEANING("of weights, order and augmentation")},
    {KEY(run, target, REAL, run.target), RANGE("[]", 0, 100), DEFAULT("93"),
     MEANING("accuracy on the evaluation set to which the time is taken")},
    {KEY(run, eval_every, SIZE, run.eval_every), RANGE("[]", 1, 1e9), DEFAULT("1"),
     MEANING("epochs between evaluations; the last epoch is always evaluated")},
    {KEY(run, checkpoint_every, SIZE, run.checkpoint_every), RANGE("[]", 0, 1e9), DEFAULT("0"),
     MEANING("iterations between resume files; 0: at the end of each epoch")},
    {KEY(run, log_iterations, BOOL, run.log_iterations), DEFAULT("false"),
     MEANING("a line of run.jsonl for each iteration")},
};
const size_t cb_recipe_keys_count = sizeof cb_recipe_table / sizeof *cb_recipe_table;
_Static_assert(sizeof cb_recipe_table / sizeof *cb_recipe_table <= MAX_RECIPE_KEYS, "MAX_RECIPE_KEYS");

const struct recipe_key *cb_recipe_find_key(const char *section, const char *name)
{
    for (size_t i = 0; i < cb_recipe_keys_count; i++)
        if (!strcmp(cb_recipe_table[i].section, section) && !strcmp(cb_recipe_table[i].name, name))
            return &cb_recipe_table[i];
    return NULL;
}

const char *cb_recipe_fallback(const struct cb_recipe *recipe, const struct recipe_key *key,
                               char text[RECIPE_VALUE_BYTES])
{
    const struct cb_dataset *set = &cb_datasets[recipe->data.set];
    if (key->type == KEY_FILES) {
        cb_dataset_train_files(set, text);
        return text;
    }
    if (!key->fallback_of_set) return key->fallback;
    const char *of_set;
    memcpy(&of_set, (const char *)set + key->fallback_of_set, sizeof of_set);
    return of_set;
}

int cb_recipe_uses(const struct cb_recipe *recipe, const struct recipe_key *key)
{
    return !key->by_kind || cb_schedule_uses(recipe->schedule.kind, key->name);
}

int cb_recipe_has(const struct cb_recipe *recipe, const struct recipe_key *key)
{
    if (!strcmp(key->name, "epochs")) return recipe->epochs > 0;
    if (!strcmp(key->name, "iterations")) return recipe->epochs <= 0;
    return cb_recipe_uses(recipe, key);
}
