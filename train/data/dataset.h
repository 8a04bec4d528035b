#ifndef CB_DATASET_H
#define CB_DATASET_H

#include <stddef.h>

/* What tells one data set in CIFAR's binary format from another: a set is a row of cb_datasets. */
struct cb_dataset {
    const char *name, *title;     /* in data.set and --set: "cifar10"; for people: "CIFAR-10" */
    const char *folder, *archive; /* what the official archive unpacks to, and its name */
    size_t megabytes;             /* of the archive */
    size_t label_bytes, classes; /* a record: label bytes, the last of which is the class, then CB_IMAGE_PIXELS bytes */
    size_t files;                /* the last one is the test file, those before it are for training */
    struct cb_dataset_file {
        const char *name;
        size_t records;
        const char *sha256; /* in hex */
    } file[6];
    const char *addresses[3]; /* of the archive, in the order in which they are tried; NULL after the last */
    const char *mean, *std;   /* defaults of data.mean and data.std: of the training images, each channel in 0..1 */
};

enum { CB_CIFAR10, CB_CIFAR100, CB_DATASETS };
extern const struct cb_dataset cb_datasets[CB_DATASETS];

enum { CB_DATASET_MAX_FILES = sizeof((struct cb_dataset *)0)->file / sizeof(struct cb_dataset_file) };

const struct cb_dataset *cb_dataset_find(const char *name);     /* NULL if there is none of this name */
const struct cb_dataset *cb_dataset_of_classes(size_t classes); /* NULL if there is none of so many */
size_t cb_dataset_record_bytes(const struct cb_dataset *set);   /* labels and pixels */
const char *cb_dataset_test_file(const struct cb_dataset *set);
/* The training files' names, separated by ", ". */
enum { CB_FILES_TEXT = 512 };
void cb_dataset_train_files(const struct cb_dataset *set, char text[CB_FILES_TEXT]);

/* Images of the official files among these names, which are separated by commas. */
size_t cb_dataset_images(const struct cb_dataset *set, const char *names);
/* The file that holds image *image of these, which must be below cb_dataset_images; *image becomes its place in it. */
size_t cb_dataset_file_of(const struct cb_dataset *set, const char *names, size_t *image);

#endif
