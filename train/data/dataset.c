#include "data/dataset.h"

#include <stdio.h>
#include <string.h>

#include "kernels.h"

const struct cb_dataset cb_datasets[CB_DATASETS] = {
    [CB_CIFAR10] =
        {.name = "cifar10",
         .title = "CIFAR-10",
         .folder = "cifar-10-batches-bin",
         .archive = "cifar-10-binary.tar.gz",
         .megabytes = 170,
         .label_bytes = 1,
         .classes = 10,
         .files = 6,
         .file = {{"data_batch_1.bin", 10000, "cee916563c9f80d84e3cc88e17fdc0941787f1244f00a67874d45b261883ada5"},
                  {"data_batch_2.bin", 10000, "a591ca11fa1708a91ee40f54b3da4784ccd871ecf2137de63f51ada8b3fa57ed"},
                  {"data_batch_3.bin", 10000, "bbe8596564c0f86427f876058170b84dac6670ddf06d79402899d93ceea26f67"},
                  {"data_batch_4.bin", 10000, "014e562d6e23c72197cc727519169a60359f5eccd8945ad5a09d710285ff4e48"},
                  {"data_batch_5.bin", 10000, "755304fc0b379caeae8c14f0dac912fbc7d6cd469eb67a1029a08a39453a9add"},
                  {"test_batch.bin", 10000, "8e2eb146ae340b09e24670f29cabc6326dba54da8789dab6768acf480273f65b"}},
         /* The official one; Swift for TensorFlow. */
         .addresses = {"https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
                       "https://storage.googleapis.com/s4tf-hosted-binaries/datasets/CIFAR10/"
                       "cifar-10-binary.tar.gz"},
         .mean = "0.4914, 0.48216, 0.44653",
         .std = "0.24703, 0.24349, 0.26159"},
    /* Two labels: coarse, fine. Checksums as the project torchvision-ruby lists them, whose list of CIFAR-10 is the one
     * above. */
    [CB_CIFAR100] = {.name = "cifar100",
                     .title = "CIFAR-100",
                     .folder = "cifar-100-binary",
                     .archive = "cifar-100-binary.tar.gz",
                     .megabytes = 169,
                     .label_bytes = 2,
                     .classes = 100,
                     .files = 2,
                     .file = {{"train.bin", 50000, "f31298fc616915fa142368359df1c4ca2ae984d6915ca468b998a5ec6aeebf29"},
                              {"test.bin", 10000, "d8b1e6b7b3bee4020055f0699b111f60b1af1e262aeb93a0b659061746f8224a"}},
                     .addresses = {"https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz"},
                     .mean = "0.50708, 0.48655, 0.44092",
                     .std = "0.26733, 0.25644, 0.27615"},
};

const struct cb_dataset *cb_dataset_find(const char *name)
{
    for (size_t i = 0; i < CB_DATASETS; i++)
        if (!strcmp(cb_datasets[i].name, name)) return &cb_datasets[i];
    return NULL;
}

const struct cb_dataset *cb_dataset_of_classes(size_t classes)
{
    for (size_t i = 0; i < CB_DATASETS; i++)
        if (cb_datasets[i].classes == classes) return &cb_datasets[i];
    return NULL;
}

size_t cb_dataset_record_bytes(const struct cb_dataset *set)
{
    return set->label_bytes + CB_IMAGE_PIXELS;
}

const char *cb_dataset_test_file(const struct cb_dataset *set)
{
    return set->file[set->files - 1].name;
}

void cb_dataset_train_files(const struct cb_dataset *set, char text[CB_FILES_TEXT])
{
    size_t len = 0;
    for (size_t i = 0; i + 1 < set->files; i++)
        len += (size_t)snprintf(text + len, CB_FILES_TEXT - len, "%s%s", i ? ", " : "", set->file[i].name);
}

/* The next of names separated by commas as a file of the set, set->files if it has none of this name; *names moves
 * on. */
static size_t next_file(const struct cb_dataset *set, const char **names)
{
    const size_t len = strcspn(*names, ",");
    size_t file = 0;
    while (file < set->files && (strlen(set->file[file].name) != len || memcmp(set->file[file].name, *names, len)))
        file++;
    *names += len;
    *names += strspn(*names, ", ");
    return file;
}

size_t cb_dataset_images(const struct cb_dataset *set, const char *names)
{
    size_t images = 0;
    while (*names) {
        const size_t file = next_file(set, &names);
        if (file < set->files) images += set->file[file].records;
    }
    return images;
}

size_t cb_dataset_file_of(const struct cb_dataset *set, const char *names, size_t *image)
{
    for (;;) {
        const size_t file = next_file(set, &names), records = file < set->files ? set->file[file].records : 0;
        if (*image < records || !*names) return file;
        *image -= records;
    }
}
