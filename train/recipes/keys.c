#include "recipes/keys.h"

#include <string.h>

/* Sections in the order in which they are written; the keys of a section stand together. */
#define AT(member) offsetof(struct cb_recipe, member)

static const struct recipe_word kinds[] = {{"one_cycle", CB_ONE_CYCLE},   {"step", CB_STEP},
                                           {"constant", CB_CONSTANT},     {"cosine", CB_COSINE},
                                           {"range_test", CB_RANGE_TEST}, {NULL, 0}};
static const struct recipe_word depths[] = {{"20", 20}, {"32", 32}, {"44", 44}, {"56", 56}, {"110", 110}, {NULL, 0}};
static const struct recipe_word shortcuts[] = {{"A", 'A'}, {"B", 'B'}, {NULL, 0}};
static const struct recipe_word inits[] = {
    {"he_fan_in", CB_INIT_HE_FAN_IN}, {"he_fan_out", CB_INIT_HE_FAN_OUT}, {"torch03", CB_INIT_TORCH03}, {NULL, 0}};
static const struct recipe_word numerics[] = {{"fp32-direct", CB_FP32_DIRECT},     {"fp32-winograd", CB_FP32_WINOGRAD},
                                              {"bf16-backward", CB_BF16_BACKWARD}, {"bf16-storage", CB_BF16_STORAGE},
                                              {"bf16-all", CB_BF16_ALL},           {NULL, 0}};

enum {
    ONE_CYCLE = 1 << CB_ONE_CYCLE,
    STEP = 1 << CB_STEP,
    WITH_LR = 1 << CB_STEP | 1 << CB_CONSTANT | 1 << CB_COSINE,
    COSINE = 1 << CB_COSINE,
    RANGE_TEST = 1 << CB_RANGE_TEST,
};

const struct recipe_key cb_recipe_table[] = {
    {"data", "train_files", KEY_FILES, AT(data.train_files), NULL, 0, 0, NULL, ALL_KINDS,
     "data_batch_1.bin, data_batch_2.bin, data_batch_3.bin, data_batch_4.bin, data_batch_5.bin",
     "training images, in this order"},
    {"data", "shuffle", KEY_BOOL, AT(data.shuffle), NULL, 0, 0, NULL, ALL_KINDS, "true",
     "a new random order of the images in each epoch"},
    {"data", "augment", KEY_AUGMENT, 0, NULL, 0, 0, NULL, ALL_KINDS, NULL,
     "reflect repeats the edge pixel and crops at offsets 0..7, zero crops at 0..8"},
    {"data", "mean", KEY_TRIPLE, AT(data.mean), "[]", 0, 1, NULL, ALL_KINDS, "0.4914, 0.48216, 0.44653",
     "subtracted from each channel of pixels in 0..1"},
    {"data", "std", KEY_TRIPLE, AT(data.std), "[]", 1e-6, 1, NULL, ALL_KINDS, "0.24703, 0.24349, 0.26159",
     "each channel is divided by it"},
    {"data", "holdout", KEY_SIZE, AT(data.holdout), "[]", 0, 1e9, NULL, ALL_KINDS, "0",
     "the last n training images validate instead of the test set"},
    {"data", "batch", KEY_SIZE, AT(data.batch), "[]", 1, CB_MAX_BATCH, NULL, ALL_KINDS, NULL, "images of an iteration"},
    {"network", "depth", KEY_SIZE, AT(network.depth), NULL, 0, 0, depths, ALL_KINDS, NULL, "weighted layers, 6n+2"},
    {"network", "shortcut", KEY_LETTER, AT(network.shortcut), NULL, 0, 0, shortcuts, ALL_KINDS, NULL,
     "where the shape changes: A subsamples and pads with zeros, B is a 1x1 convolution"},
    {"network", "init", KEY_WORD, AT(network.init), NULL, 0, 0, inits, ALL_KINDS, NULL, "how the weights are drawn"},
    {"optimizer", "momentum", KEY_REAL, AT(optimizer.momentum), "[)", 0, 1, NULL, NOT_ONE_CYCLE, "0.9", "of SGD"},
    {"optimizer", "weight_decay", KEY_REAL, AT(optimizer.weight_decay), "[]", 0, 1, NULL, ALL_KINDS, "0.0001",
     "L2, on every parameter"},
    {"optimizer", "nesterov", KEY_BOOL, AT(optimizer.nesterov), NULL, 0, 0, NULL, ALL_KINDS, "false",
     "Nesterov's form of momentum"},
    {"schedule", "kind", KEY_WORD, AT(schedule.kind), NULL, 0, 0, kinds, ALL_KINDS, NULL,
     "how learning rate and momentum move; decides which other schedule keys there are"},
    {"schedule", "epochs", KEY_REAL, AT(epochs), "(]", 0, 100000, NULL, ALL_KINDS, NULL,
     "length of the training; give this or schedule.iterations"},
    {"schedule", "iterations", KEY_SIZE, AT(schedule.iterations), "[]", 1, 1e9, NULL, ALL_KINDS, NULL,
     "length of the training; give this or schedule.epochs"},
    {"schedule", "lr", KEY_REAL, AT(schedule.lr), "(]", 0, 1e6, NULL, WITH_LR, NULL, "learning rate at the start"},
    {"schedule", "milestones", KEY_MILESTONES, 0, NULL, 0, 0, NULL, STEP, NULL,
     "from each of these iterations on, lr is multiplied by gamma once more"},
    {"schedule", "gamma", KEY_REAL, AT(schedule.gamma), "(]", 0, 1, NULL, STEP, "0.1", "factor of a step"},
    {"schedule", "lr_max", KEY_REAL, AT(schedule.lr_max), "(]", 0, 1e6, NULL, ONE_CYCLE, NULL,
     "learning rate at the top"},
    {"schedule", "div", KEY_REAL, AT(schedule.div), "[]", 1, 1e6, NULL, ONE_CYCLE, NULL,
     "the cycle starts and ends at lr_max/div"},
    {"schedule", "final_percent", KEY_REAL, AT(schedule.final_percent), "[)", 0, 100, NULL, ONE_CYCLE, NULL,
     "share of the iterations after the cycle, in which lr falls to a hundredth of lr_max/div"},
    {"schedule", "momentum_max", KEY_REAL, AT(schedule.momentum_max), "[)", 0, 1, NULL, ONE_CYCLE, NULL,
     "momentum at both ends of the cycle and after it"},
    {"schedule", "momentum_min", KEY_REAL, AT(schedule.momentum_min), "[)", 0, 1, NULL, ONE_CYCLE, NULL,
     "momentum at the top of the cycle"},
    {"schedule", "lr_start", KEY_REAL, AT(schedule.lr_start), "[]", 0, 1e6, NULL, RANGE_TEST, NULL,
     "first learning rate (0 only if linear)"},
    {"schedule", "lr_end", KEY_REAL, AT(schedule.lr_end), "[]", 0, 1e6, NULL, COSINE | RANGE_TEST, NULL,
     "learning rate that the last iteration comes close to"},
    {"schedule", "linear", KEY_BOOL, AT(schedule.linear), NULL, 0, 0, NULL, RANGE_TEST, "false",
     "the rate grows by equal steps, not by equal factors"},
    {"numerics", "version", KEY_WORD, AT(network.numerics), NULL, 0, 0, numerics, ALL_KINDS, "fp32-winograd",
     "which arithmetic; the same version gives the same bits on every machine"},
    {"run", "seed", KEY_U64, AT(run.seed), NULL, 0, 0, NULL, ALL_KINDS, "1", "of weights, order and augmentation"},
    {"run", "target", KEY_REAL, AT(run.target), "[]", 0, 100, NULL, ALL_KINDS, "93",
     "test accuracy that stops the clock"},
    {"run", "eval_every", KEY_SIZE, AT(run.eval_every), "[]", 1, 1e9, NULL, ALL_KINDS, "1",
     "epochs between evaluations; the last epoch is always evaluated"},
    {"run", "checkpoint_every", KEY_SIZE, AT(run.checkpoint_every), "[]", 0, 1e9, NULL, ALL_KINDS, "0",
     "iterations between resume files; 0: at the end of each epoch"},
    {"run", "log_iterations", KEY_BOOL, AT(run.log_iterations), NULL, 0, 0, NULL, ALL_KINDS, "false",
     "a line of run.jsonl for each iteration"},
};

const struct recipe_key *cb_recipe_find_key(const char *section, const char *name)
{
    for (size_t i = 0; i < RECIPE_KEYS; i++)
        if (!strcmp(cb_recipe_table[i].section, section) && !strcmp(cb_recipe_table[i].name, name))
            return &cb_recipe_table[i];
    return NULL;
}

int cb_recipe_has(const struct cb_recipe *recipe, const struct recipe_key *key)
{
    if (!strcmp(key->name, "epochs")) return recipe->epochs > 0;
    if (!strcmp(key->name, "iterations")) return recipe->epochs <= 0;
    return key->kinds >> recipe->schedule.kind & 1;
}
