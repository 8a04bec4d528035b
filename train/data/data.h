#ifndef CB_DATA_H
#define CB_DATA_H

#include <signal.h>

#include "data/dataset.h"
#include "kernels.h"

/* Whose images these are: of the official files, of the built-in synthetic set, or anything else. */
enum cb_data_kind { CB_DATA_OTHER, CB_DATA_SYNTHETIC, CB_DATA_OFFICIAL };

/* Images in memory, in the order of their files. */
struct cb_images {
    size_t n;
    uint8_t *pixels;        /* [n][3][32][32] */
    uint8_t *labels;        /* [n], each below the set's classes */
    enum cb_data_kind kind; /* set by cb_data_load from the bytes that it loaded */
};
void cb_images_free(struct cb_images *images); /* accepts empty */
/* Makes room for `more` images after the n that are there; n stays. */
enum cb_status cb_images_reserve(struct cb_images *images, size_t more, struct cb_error *err);

/* --- cifar.c: the binary format of CIFAR-10 and CIFAR-100 --- */
enum { CB_CIFAR_MAX_RECORDS = 100000 /* of one file: a guard against wrong files */ };
/* Appends the records of one file's bytes to images. name is for messages. Errors: a length that is 0 or no multiple of
 * a record, a label that is no class of the set (with record and byte offset). 1 to CB_CIFAR_MAX_RECORDS records are
 * accepted; cb_data_verify checks official files. On an error images is as before; so with all functions of this header
 * that append. */
enum cb_status cb_cifar_parse(struct cb_images *images, const struct cb_dataset *set, const uint8_t *bytes, size_t len,
                              const char *name, struct cb_error *err);

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
enum { CB_SYNTHETIC_FILE_IMAGES = 10000 }; /* as in an official file */
/* Appends n images of ten classes drawn from (seed, first + i): deterministic, on every machine the same
 * bytes; ten images from a multiple of ten on hold every class once. */
enum cb_status cb_synthetic_draw(struct cb_images *images, uint64_t seed, uint64_t first, size_t n,
                                 struct cb_error *err);
/* Appends the n images that stand in the synthetic set for the file of this name; the test file shares no image with
 * the others. */
enum cb_status cb_synthetic_file(struct cb_images *images, const char *name, size_t n, struct cb_error *err);
/* Makes room for all images that stand for the files of these names (separated by commas), each as long as the official
 * one, and draws images wanted[0 .. count-1] of them, which must be there. The others are undefined, and their pages
 * are never touched. images must be empty. */
enum cb_status cb_synthetic_draw_some(struct cb_images *images, const char *names, const uint32_t *wanted, size_t count,
                                      struct cb_error *err);
/* 1 if this is an image with which a file of the built-in set begins, whatever the file's length; else 0. A set that
 * was loaded is the built-in one if its first image is recognised. */
int cb_synthetic_recognise(uint8_t label, const uint8_t *pixels);

/* synthetic_files.c: writes the six files of n images each, and batches.meta.txt, to dir/cifar-10-batches-bin/. A file
 * that is there with the same bytes is left alone, any other is refused: CB_BAD_INPUT. stop may be NULL; when it
 * becomes non-zero: CB_IO_ERROR between two files. */
enum cb_status cb_synthetic_write(const char *dir, size_t n, const volatile sig_atomic_t *stop, struct cb_error *err);

/* --- source.c: finding and loading a data set --- */
struct cb_data_source {
    const struct cb_dataset *set;
    int is_archive;
    char path[4096]; /* the archive, or the folder with the .bin files */
};
/* Looks in option (--data; NULL if not given), then $CYCLEBENCH_DATA, the user's cache folder. A given
 * option or a set variable that holds no data is an error, not skipped. A path may hold the set's folder, be that
 * folder, be an archive (.tar, .tar.gz), or hold the set's archive. CB_UNAVAILABLE if nothing was found, with how
 * to fetch it. */
enum cb_status cb_data_find(struct cb_data_source *source, const struct cb_dataset *set, const char *option,
                            struct cb_error *err);
/* $XDG_CACHE_HOME/cyclebench or ~/.cache/cyclebench. */
enum cb_status cb_data_cache_folder(char *path, size_t bytes, struct cb_error *err);
/* Loads the named files (folder or archive; an archive is read in memory, nothing is unpacked to disk) and sets
 * images->kind. */
enum cb_status cb_data_load(struct cb_images *images, const struct cb_data_source *source, const char *const *names,
                            size_t count, struct cb_error *err);

/* --- identity.c: which images are these? --- */
const char *cb_data_kind_name(enum cb_data_kind kind); /* official, synthetic or other */
/* Of two sets in one run: what both are, else CB_DATA_OTHER. */
enum cb_data_kind cb_data_kind_of_both(enum cb_data_kind a, enum cb_data_kind b);
/* The kind of a file of this name with these bytes, which are whole records. */
enum cb_status cb_data_recognise(enum cb_data_kind *kind, const struct cb_dataset *set, const char *name,
                                 const uint8_t *bytes, size_t len, struct cb_error *err);
/* SHA-256 in hex of all labels, then all pixels, as they are in memory: the same for every folder or archive that holds
 * the same images in the same order. */
enum cb_status cb_images_sha256(const struct cb_images *images, char hex[65], struct cb_error *err);

/* --- verify.c: are these the official files? --- */
enum cb_file_state { CB_FILE_OK, CB_FILE_MISSING, CB_FILE_WRONG_LENGTH, CB_FILE_WRONG_SHA256 };
struct cb_file_check {
    enum cb_file_state state;
    size_t bytes;
    char sha256[65]; /* what it is; empty unless the length is right */
};
/* How each of the set's files stands in a folder or archive. Errors are of reading only: a wrong file is CB_OK with its
 * state. */
enum cb_status cb_data_verify(struct cb_file_check checks[CB_DATASET_MAX_FILES], const struct cb_data_source *source,
                              struct cb_error *err);
/* The state of bytes that should be set->file[file]. */
enum cb_status cb_official_check(struct cb_file_check *check, const struct cb_dataset *set, size_t file,
                                 const uint8_t *bytes, size_t len, struct cb_error *err);

#endif
