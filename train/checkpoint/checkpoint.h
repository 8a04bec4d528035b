#ifndef CB_CHECKPOINT_H
#define CB_CHECKPOINT_H

#include "files/sha256.h"
#include "checkpoint/safetensors.h"
#include "model/model.h"

/* Where a run stands: everything besides tensors that the next iteration depends on, stored in the resume file's
 * metadata. */
struct cb_position {
    uint64_t iteration;                /* finished iterations */
    char recipe_sha256[CB_SHA256_HEX]; /* cb_recipe_sha256: resuming another recipe is refused */
    char train_sha256[CB_SHA256_HEX], eval_sha256[CB_SHA256_HEX]; /* cb_images_sha256: so are other images */
    char data_kind[16];                                           /* "official", "synthetic", "other" */
    char init_sha256[CB_SHA256_HEX]; /* of the weights given to start from; CB_NO_SHA256: the recipe's initialisation */
    char loss_chain[CB_SHA256_HEX];  /* the loss fingerprint so far */
    double smoothed_loss;            /* running average as the log prints it */
    double epoch_loss_sum;           /* sums of the unfinished epoch */
    uint64_t epoch_correct, epoch_images;
    double seconds;           /* training time before this point, over all sessions */
    uint64_t resumed;         /* how many times the run was resumed */
    double seconds_to_target; /* negative: not reached */
    uint64_t target_epoch;    /* the first epoch, from 1, that reached it; 0: none */
    double killed_seconds; /* at least so long earlier sessions went on after their last checkpoint and were killed */
    uint64_t eval_correct, eval_images; /* the last evaluation */
    double eval_loss;
};
#define CB_NO_SHA256 "0000000000000000000000000000000000000000000000000000000000000000"

/* final.safetensors: weights and running statistics only. The metadata name network, numerics version, recipe, data and
 * losses that they come from: the members of struct cb_position whose values are text. */
enum cb_status cb_checkpoint_save_weights(const struct cb_model *model, const struct cb_position *position,
                                          const char *path, struct cb_error *err);

/* last.safetensors: the same tensors, "momentum.<name>" for each trained one, and the position. Doubles are stored so
 * that they come back bit for bit (hexadecimal floating point). A file that is there becomes previous_path (not if
 * that is NULL), so that there is a good one at any moment. */
enum cb_status cb_checkpoint_save(const struct cb_model *model, const struct cb_position *position, const char *path,
                                  const char *previous_path, struct cb_error *err);
/* Resuming: what identifies the run in *position (recipe, both sets, initial weights), where it is not empty, must be
 * the file's; the rest of *position is set. After a failure neither the model nor *position has changed. */
enum cb_status cb_checkpoint_resume(struct cb_model *model, struct cb_position *position, const char *path,
                                    struct cb_error *err);
/* The position alone. */
enum cb_status cb_checkpoint_position(struct cb_position *position, const char *path, struct cb_error *err);

/* Weights and running statistics from a file of ours or PyTorch's: a name prefix "module." and *.num_batches_tracked
 * are accepted, so are missing running statistics when training starts from it (allow_missing_statistics); momentum in
 * a resume file is passed over. Any other missing, unknown or wrongly shaped tensor is refused by name. */
enum cb_status cb_checkpoint_load_weights(struct cb_model *model, const char *path, int allow_missing_statistics,
                                          struct cb_error *err);

/* What network a file holds: depth from the number of blocks, shortcut from the downsample names, classes from
 * linear.bias, the numerics version
 * that it was trained with from the metadata (fp32-direct for a file that is not ours). network->init is left at zero.
 */
enum cb_status cb_checkpoint_network(struct cb_network *network, const char *path, struct cb_error *err);

/* SHA-256 over the little-endian F32 bytes of every tensor of cb_model_tensor, in order, PyTorch's element order. */
enum cb_status cb_weights_sha256(const struct cb_model *model, char hex[CB_SHA256_HEX], struct cb_error *err);

#endif
