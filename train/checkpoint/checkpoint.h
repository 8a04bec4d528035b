#ifndef CB_CHECKPOINT_H
#define CB_CHECKPOINT_H

#include "checkpoint/files.h"
#include "checkpoint/safetensors.h"
#include "model/model.h"

/* Where a run stands: everything besides tensors that the next iteration depends on, stored in the resume file's
 * metadata. */
struct cb_position {
    uint64_t iteration;                /* finished iterations */
    char recipe_sha256[CB_SHA256_HEX]; /* of the complete recipe text: resuming another recipe is refused */
    char loss_chain[CB_SHA256_HEX];    /* the loss fingerprint so far */
    double smoothed_loss;              /* running average as the log prints it */
    double epoch_loss_sum;             /* sums of the unfinished epoch */
    uint64_t epoch_correct, epoch_images;
    double seconds;           /* training time before this point, over all sessions */
    uint64_t resumed;         /* how many times the run was resumed */
    double seconds_to_target; /* negative: not reached */
};

/* final.safetensors: weights and running statistics only. depth and shortcut go into the metadata ("network":
 * "resnet20", "shortcut": "A"). */
enum cb_status cb_checkpoint_save_weights(const struct cb_model *model, const char *path, struct cb_error *err);

/* last.safetensors: the same tensors, "momentum.<name>" for each trained one, and the position. Doubles are stored so
 * that they come back bit for bit (hexadecimal floating point). Resuming: position->recipe_sha256, unless empty, is the
 * recipe that the file must belong to; the rest of *position is set. After a failure neither the model nor *position
 * has changed. */
enum cb_status cb_checkpoint_save(const struct cb_model *model, const struct cb_position *position, const char *path,
                                  struct cb_error *err);
enum cb_status cb_checkpoint_resume(struct cb_model *model, struct cb_position *position, const char *path,
                                    struct cb_error *err);

/* Weights and running statistics from a file of ours or PyTorch's: a name prefix "module." and *.num_batches_tracked
 * are accepted, so are missing running statistics when training starts from it (allow_missing_statistics); momentum in
 * a resume file is passed over. Any other missing, unknown or wrongly shaped tensor is refused by name. */
enum cb_status cb_checkpoint_load_weights(struct cb_model *model, const char *path, int allow_missing_statistics,
                                          struct cb_error *err);

/* What network a file holds: depth from the number of blocks, shortcut from the downsample names, the numerics version
 * that it was trained with from the metadata (fp32-direct for a file that is not ours). network->init is left at zero.
 */
enum cb_status cb_checkpoint_network(struct cb_network *network, const char *path, struct cb_error *err);

/* SHA-256 over the little-endian F32 bytes of every tensor of cb_model_tensor, in order, PyTorch's element order. */
enum cb_status cb_weights_sha256(const struct cb_model *model, char hex[CB_SHA256_HEX], struct cb_error *err);

#endif
