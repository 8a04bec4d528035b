#ifndef CB_DATA_H
#define CB_DATA_H

#include "kernels.h"

/* Images in memory, in the order of their files. */
struct cb_images {
    size_t n;
    uint8_t *pixels; /* [n][3][32][32] */
    uint8_t *labels; /* [n], each 0..9 */
};
void cb_images_free(struct cb_images *images); /* accepts empty */

/* --- cifar10.c: the CIFAR-10 binary format; records of 1 label byte and 3072 pixel bytes --- */
enum { CB_CIFAR_RECORD_BYTES = 3073 };
extern const char *const cb_cifar_train_files[5]; /* data_batch_1.bin .. data_batch_5.bin */
extern const char *const cb_cifar_test_file;      /* test_batch.bin */

/* Appends the records of one file's bytes to images. name is for messages. Errors: a length that is 0 or no multiple of a record, a label
 * above 9 (with record and byte offset). Any number of records is accepted; cb_data_verify checks official files. */
enum cb_status cb_cifar_parse(struct cb_images *images, const uint8_t *bytes, size_t len, const char *name, struct cb_error *err);
/* Reads the named files of the folder dir. */
enum cb_status cb_cifar_read(struct cb_images *images, const char *dir, const char *const *names, size_t count,
                             struct cb_error *err);

/* --- batches.c: which image, seen how --- */
struct cb_augmentation {
    int flip, crop;
    enum cb_pad pad; /* reflect: offsets 0..7 (the notebook's); zero: offsets 0..8 (He et al.) */
};
/* order[0..n-1] = a permutation of 0..n-1 drawn from (seed, epoch), or the identity if !shuffle. */
void cb_epoch_order(uint64_t seed, uint32_t epoch, int shuffle, size_t n, uint32_t *order);
/* How image (its index in the training set) is seen in this epoch; drawn from (seed, epoch, image). */
struct cb_view cb_epoch_view(uint64_t seed, uint32_t epoch, uint32_t image, const struct cb_augmentation *augmentation);

/* --- synthetic.c: the built-in set --- */
/* n procedurally drawn images of ten classes from (seed, first + i): deterministic, balanced, on every machine the same bytes. */
enum cb_status cb_synthetic_draw(struct cb_images *images, uint64_t seed, uint64_t first, size_t n, struct cb_error *err);

/* --- source.c: finding and loading a data set --- */
struct cb_data_source {
    enum { CB_DATA_FOLDER, CB_DATA_ARCHIVE, CB_DATA_SYNTHETIC } kind;
    char path[4096]; /* the folder with the .bin files, or the archive; empty for synthetic */
};
/* Looks in option (--data; NULL if not given), then $CYCLEBENCH_DATA, ../shared/data, the user's cache folder. A given option or a set
 * variable that holds no data is an error, not skipped. A path may hold cifar-10-batches-bin/, be that folder, be an archive (.tar, .tar.gz),
 * or hold cifar-10-binary.tar.gz. CB_UNAVAILABLE if nothing was found, with how to fetch it. */
enum cb_status cb_data_find(struct cb_data_source *source, const char *option, struct cb_error *err);
/* $XDG_CACHE_HOME/cyclebench or ~/.cache/cyclebench. */
enum cb_status cb_data_cache_folder(char *path, size_t bytes, struct cb_error *err);
/* Loads the named files (folder or archive; an archive is read in memory, nothing is unpacked to disk). */
enum cb_status cb_data_load(struct cb_images *images, const struct cb_data_source *source, const char *const *names,
                            size_t count, struct cb_error *err);

#endif
