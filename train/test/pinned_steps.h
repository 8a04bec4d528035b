#ifndef CB_PINNED_STEPS_H
#define CB_PINNED_STEPS_H

#include "data/data.h"
#include "model/model.h"

/* A few iterations of ResNet-20 on images drawn here, which never change: what pins.txt and golden_steps.txt hold the
 * results of. Needs libkernels and the model only, so that it also runs under qemu. */
enum { PINNED_MAX_IMAGES = 100, PINNED_MAX_STEPS = 16, PINNED_SEED = 1 };
#define PINNED_MEAN ((const double[3]){0.4914, 0.48216, 0.44653})
#define PINNED_STD ((const double[3]){0.24703, 0.24349, 0.26159})

/* ResNet-20. */
struct cb_network pinned_network(char shortcut, enum cb_init init, enum cb_numerics numerics);

struct pinned_setting {
    const char *name;
    char shortcut;
    enum cb_init init;
    enum cb_pad pad; /* shuffled, flipped and cropped, as in the recipes */
    int nesterov;
    size_t images, batch; /* more than CB_IMAGE_GROUPS in a batch: several images in a group */
    float lr, momentum, weight_decay;
};
extern const struct pinned_setting pinned_settings[3];
const struct pinned_setting *pinned_setting(const char *name); /* NULL if there is none of this name */

struct pinned_result {
    double loss[PINNED_MAX_STEPS];
    float *weights; /* every tensor, in order: what weights_sha256 hashes */
    size_t len;
};

/* Image 0 .. n-1: a label 0 .. 9, drawn; a wave that depends on the label, and noise. */
enum cb_status pinned_images(struct cb_images *images, size_t n, struct cb_error *err);
enum cb_status pinned_steps(struct pinned_result *result, const struct pinned_setting *setting,
                            enum cb_numerics numerics, size_t steps, const char *isa, size_t threads,
                            struct cb_error *err);
void pinned_result_free(struct pinned_result *result);

#endif
