#include "checkpoint/model_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char momentum_prefix[] = "momentum.";

/* SHA-256 of the metadata in the order of their keys, each key and value with its terminating zero; without the sum
 * itself. */
static const char metadata_sum[] = "metadata_sha256";

static int by_key(const void *a, const void *b)
{
    return strcmp(((const struct cb_metadata *)a)->key, ((const struct cb_metadata *)b)->key);
}

static enum cb_status metadata_sha256(const struct cb_metadata *metadata, size_t entries, char hex[CB_SHA256_HEX],
                                      struct cb_error *err)
{
    struct cb_metadata *sorted = malloc((entries + 1) * sizeof *sorted);
    struct cb_bytes *parts = malloc((2 * entries + 1) * sizeof *parts);
    enum cb_status status = CB_NO_MEMORY;
    if (sorted && parts) {
        size_t n = 0;
        for (size_t i = 0; i < entries; i++)
            if (strcmp(metadata[i].key, metadata_sum)) sorted[n++] = metadata[i];
        qsort(sorted, n, sizeof *sorted, by_key);
        for (size_t i = 0; i < 2 * n; i++) {
            const char *text = i % 2 ? sorted[i / 2].value : sorted[i / 2].key;
            parts[i] = (struct cb_bytes){(uint8_t *)(uintptr_t)text, strlen(text) + 1};
        }
        status = cb_sha256_parts(parts, 2 * n, hex, err);
    } else {
        cb_fail(err, CB_NO_MEMORY, "metadata_sha256: out of memory");
    }
    free(parts);
    free(sorted);
    return status;
}

/* --- writing ------------------------------------------------------------------------------------------------------ */

/* One tensor of the file to be: where it comes from and what it is called. */
struct source {
    char name[sizeof momentum_prefix + sizeof((struct cb_model_tensor *)0)->name];
    size_t index;
    enum cb_tensor_part part;
};

/* The order in which cb_safetensors_write lays tensors of one type out, so that data can be hashed before it is
 * written. */
static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct source *)a)->name, ((const struct source *)b)->name);
}

static size_t list_sources(const struct cb_model *model, int with_momentum, struct source *sources)
{
    size_t n = 0;
    for (size_t i = 0; i < cb_model_tensor_count(model); i++) {
        const struct cb_model_tensor *t = cb_model_tensor(model, i);
        snprintf(sources[n].name, sizeof sources[n].name, "%s", t->name);
        sources[n].index = i;
        sources[n++].part = CB_VALUE;
        if (!with_momentum || !t->trained) continue;
        snprintf(sources[n].name, sizeof sources[n].name, "%s%s", momentum_prefix, t->name);
        sources[n].index = i;
        sources[n++].part = CB_VELOCITY;
    }
    qsort(sources, n, sizeof *sources, by_name);
    return n;
}

static size_t total_len(const struct cb_model *model, const struct source *sources, size_t n)
{
    size_t len = 0;
    for (size_t i = 0; i < n; i++) len += cb_model_tensor(model, sources[i].index)->len;
    return len;
}

/* Fills data and describes it in tensors. */
static void export_all(const struct cb_model *model, const struct source *sources, size_t n, float *data,
                       struct cb_tensor *tensors)
{
    for (size_t i = 0; i < n; i++) {
        const struct cb_model_tensor *t = cb_model_tensor(model, sources[i].index);
        cb_model_export(model, sources[i].index, sources[i].part, data);
        tensors[i] = (struct cb_tensor){.name = sources[i].name,
                                        .dtype = CB_DTYPE_F32,
                                        .rank = t->rank,
                                        .len = t->len,
                                        .bytes = t->len * sizeof *data,
                                        .data = data};
        memcpy(tensors[i].dims, t->dims, t->rank * sizeof t->dims[0]);
        data += t->len;
    }
}

enum cb_status cb_tensors_write(const struct cb_model *model, int with_momentum, const struct cb_metadata *metadata,
                                size_t entries, const char *path, struct cb_error *err)
{
    const size_t most = 2 * cb_model_tensor_count(model);
    struct source *sources = calloc(most, sizeof *sources);
    struct cb_tensor *tensors = calloc(most, sizeof *tensors);
    struct cb_metadata *all = calloc(entries + 6, sizeof *all);
    const size_t n = sources ? list_sources(model, with_momentum, sources) : 0;
    const size_t len = total_len(model, sources, n);
    float *data = malloc(len * sizeof *data);
    enum cb_status status;
    if (!sources || !tensors || !all || !data) {
        status = cb_fail(err, CB_NO_MEMORY, "%s: out of memory", path);
    } else {
        const struct cb_network *network = cb_model_network(model);
        char name[CB_NETWORK_NAME], shortcut[2] = {network->shortcut, '\0'}, sha256[CB_SHA256_HEX], sum[CB_SHA256_HEX];
        cb_network_name(network, name);
        export_all(model, sources, n, data, tensors);
        status = cb_sha256_hex(data, len * sizeof *data, sha256, err);
        if (entries) memcpy(all, metadata, entries * sizeof *all);
        all[entries] = (struct cb_metadata){"format", "pt"}; /* what loaders of PyTorch weights ask for */
        all[entries + 1] = (struct cb_metadata){"network", name};
        all[entries + 2] = (struct cb_metadata){"shortcut", shortcut};
        all[entries + 3] = (struct cb_metadata){"data_sha256", sha256};
        all[entries + 4] = (struct cb_metadata){"numerics", cb_numerics_name(network->numerics)};
        if (!status) status = metadata_sha256(all, entries + 5, sum, err);
        all[entries + 5] = (struct cb_metadata){metadata_sum, sum};
        if (!status) status = cb_safetensors_write(path, tensors, n, all, entries + 6, err);
    }
    free(data);
    free(all);
    free(tensors);
    free(sources);
    return status;
}

/* --- reading ------------------------------------------------------------------------------------------------------ */

enum cb_status cb_tensors_read(struct cb_safetensors *file, const char *path, struct cb_error *err)
{
    enum cb_status status = cb_safetensors_read(file, path, err);
    if (status) return status;
    char got[CB_SHA256_HEX];
    const char *expected = cb_safetensors_metadata(file, metadata_sum);
    if (expected) status = metadata_sha256(file->metadata, file->entries, got, err);
    if (expected && !status && strcmp(expected, got))
        status = cb_fail(err, CB_BAD_INPUT, "%s: the metadata are damaged: SHA-256 is %s, expected %.64s", path, got,
                         expected);
    if (status) cb_safetensors_free(file);
    return status;
}

/* A tensor's name without the prefix that torch.nn.DataParallel puts before it. */
static const char *bare(const char *name)
{
    return strncmp(name, "module.", 7) ? name : name + 7;
}

static int has_suffix(const char *name, const char *suffix)
{
    const size_t n = strlen(name), m = strlen(suffix);
    return n >= m && !strcmp(name + n - m, suffix);
}

static size_t find_model_tensor(const struct cb_model *model, const char *name)
{
    const size_t count = cb_model_tensor_count(model);
    for (size_t i = 0; i < count; i++)
        if (!strcmp(cb_model_tensor(model, i)->name, name)) return i;
    return count;
}

/* "[16, 3, 3, 3]" */
static void format_shape(size_t rank, const size_t *dims, char text[192])
{
    int len = snprintf(text, 192, "[");
    for (size_t i = 0; i < rank; i++) len += snprintf(text + len, (size_t)(192 - len), "%s%zu", i ? ", " : "", dims[i]);
    snprintf(text + len, (size_t)(192 - len), "]");
}

static enum cb_status check_tensor(const struct cb_tensor *got, const struct cb_model_tensor *expected,
                                   const char *path, struct cb_error *err)
{
    if (got->dtype != CB_DTYPE_F32)
        return cb_fail(err, CB_BAD_INPUT, "%s: tensor %s: dtype is not F32", path, expected->name);
    if (got->rank == expected->rank && !memcmp(got->dims, expected->dims, got->rank * sizeof got->dims[0]))
        return CB_OK;
    char has[192], wants[192];
    format_shape(got->rank, got->dims, has);
    format_shape(expected->rank, expected->dims, wants);
    return cb_fail(err, CB_BAD_INPUT, "%s: tensor %s has shape %s, expected %s", path, expected->name, has, wants);
}

/* Where each of the model's tensors lies in the file: values first, then velocities; NULL if missing. */
static enum cb_status match(const struct cb_model *model, const struct cb_safetensors *file,
                            const struct cb_tensor **found, const char *path, struct cb_error *err)
{
    const size_t count = cb_model_tensor_count(model);
    for (size_t i = 0; i < file->tensors; i++) {
        const struct cb_tensor *t = &file->tensor[i];
        const char *name = bare(t->name);
        if (has_suffix(name, ".num_batches_tracked")) continue;
        const int is_momentum = !strncmp(name, momentum_prefix, sizeof momentum_prefix - 1);
        if (is_momentum) name += sizeof momentum_prefix - 1;
        const size_t index = find_model_tensor(model, name);
        if (index == count || (is_momentum && !cb_model_tensor(model, index)->trained))
            return cb_fail(err, CB_BAD_INPUT, "%s: tensor %.100s is not of this network (resnet%zu, shortcut %c)", path,
                           t->name, cb_network_depth(cb_model_network(model)), cb_model_network(model)->shortcut);
        const struct cb_tensor **slot = &found[is_momentum ? count + index : index];
        if (*slot)
            return cb_fail(err, CB_BAD_INPUT, "%s: tensor %s is there twice, once with \"module.\"", path,
                           bare(t->name));
        *slot = t;
        const enum cb_status status = check_tensor(t, cb_model_tensor(model, index), path, err);
        if (status) return status;
    }
    return CB_OK;
}

static enum cb_status check_complete(const struct cb_model *model, const struct cb_tensor *const *found,
                                     enum cb_tensors_mode mode, const char *path, struct cb_error *err)
{
    const size_t count = cb_model_tensor_count(model);
    for (size_t i = 0; i < count; i++) {
        const struct cb_model_tensor *t = cb_model_tensor(model, i);
        if (!found[i] && !(mode == CB_TENSORS_INIT && !t->trained))
            return cb_fail(err, CB_BAD_INPUT, "%s: tensor %s is missing", path, t->name);
        if (mode == CB_TENSORS_RESUME && t->trained && !found[count + i])
            return cb_fail(err, CB_BAD_INPUT, "%s: tensor %s%s is missing", path, momentum_prefix, t->name);
    }
    return CB_OK;
}

/* Through aligned memory: in the file a tensor starts at any byte. */
static enum cb_status import_all(struct cb_model *model, const struct cb_tensor *const *found,
                                 enum cb_tensors_mode mode, const char *path, struct cb_error *err)
{
    const size_t count = cb_model_tensor_count(model);
    size_t largest = 1;
    for (size_t i = 0; i < count; i++)
        if (cb_model_tensor(model, i)->len > largest) largest = cb_model_tensor(model, i)->len;
    float *data = malloc(largest * sizeof *data);
    if (!data) return cb_fail(err, CB_NO_MEMORY, "%s: out of memory", path);
    for (size_t i = 0; i < (mode == CB_TENSORS_RESUME ? 2 * count : count); i++) {
        if (!found[i]) continue;
        memcpy(data, found[i]->data, found[i]->bytes);
        cb_model_import(model, i % count, i < count ? CB_VALUE : CB_VELOCITY, data);
    }
    free(data);
    return CB_OK;
}

enum cb_status cb_tensors_load(struct cb_model *model, const struct cb_safetensors *file, enum cb_tensors_mode mode,
                               const char *path, struct cb_error *err)
{
    const struct cb_tensor **found = calloc(2 * cb_model_tensor_count(model), sizeof *found);
    if (!found) return cb_fail(err, CB_NO_MEMORY, "%s: out of memory", path);
    enum cb_status status = match(model, file, found, path, err);
    if (!status) status = check_complete(model, found, mode, path, err);
    if (!status && mode == CB_TENSORS_RESUME && !cb_safetensors_metadata(file, metadata_sum))
        status = cb_fail(err, CB_BAD_INPUT, "%s: no resume file: metadata \"%s\" is missing", path, metadata_sum);
    if (!status) status = import_all(model, found, mode, path, err);
    free(found);
    return status;
}

/* --- hashes ------------------------------------------------------------------------------------------------------- */

enum cb_status cb_tensors_sha256(const struct cb_safetensors *file, char hex[CB_SHA256_HEX], struct cb_error *err)
{
    /* The reader has checked that the tensors, in order, are contiguous. */
    size_t bytes = 0;
    for (size_t i = 0; i < file->tensors; i++) bytes += file->tensor[i].bytes;
    return cb_sha256_hex(file->tensors ? file->tensor[0].data : "", bytes, hex, err);
}

enum cb_status cb_weights_sha256(const struct cb_model *model, char hex[CB_SHA256_HEX], struct cb_error *err)
{
    size_t len = 0;
    for (size_t i = 0; i < cb_model_tensor_count(model); i++) len += cb_model_tensor(model, i)->len;
    float *data = malloc(len * sizeof *data);
    if (!data) return cb_fail(err, CB_NO_MEMORY, "weights_sha256: out of memory");
    float *next = data;
    for (size_t i = 0; i < cb_model_tensor_count(model); i++) {
        cb_model_export(model, i, CB_VALUE, next);
        next += cb_model_tensor(model, i)->len;
    }
    const enum cb_status status = cb_sha256_hex(data, len * sizeof *data, hex, err);
    free(data);
    return status;
}

/* --- what network a file holds ------------------------------------------------------------------------------------ */

/* A tensor by its name without "module."; NULL if the file has none. */
static const struct cb_tensor *find_tensor(const struct cb_safetensors *file, const char *name)
{
    for (size_t i = 0; i < file->tensors; i++)
        if (!strcmp(bare(file->tensor[i].name), name)) return &file->tensor[i];
    return NULL;
}

/* Number of blocks of a stage: layer<stage>.0 .. layer<stage>.<n-1>, all present; no more than CB_MAX_BLOCKS + 1. */
static size_t count_blocks(const struct cb_safetensors *file, size_t stage)
{
    char name[64];
    for (size_t found = 0; found <= CB_MAX_BLOCKS; found++) {
        snprintf(name, sizeof name, "layer%zu.%zu.conv1.weight", stage, found);
        if (!find_tensor(file, name)) return found;
    }
    return CB_MAX_BLOCKS + 1;
}

/* The CIFAR ResNet with the file's blocks in each stage; without stages if there is none. */
static struct cb_network find_resnet(const struct cb_safetensors *file)
{
#define LISTED(depth) depth,
    static const size_t depths[] = {CB_RESNET_DEPTHS(LISTED)};
    for (size_t i = 0; i < sizeof depths / sizeof *depths; i++) {
        struct cb_network network = cb_network_resnet(depths[i]);
        size_t stage = 0;
        while (stage < network.stages && count_blocks(file, stage + 1) == network.blocks[stage]) stage++;
        if (stage == network.stages && !count_blocks(file, stage + 1)) return network;
    }
    return (struct cb_network){0};
}

static enum cb_status read_network(struct cb_network *network, const struct cb_safetensors *file, const char *path,
                                   struct cb_error *err)
{
#define NAMED(depth) " " #depth
    *network = find_resnet(file);
    if (!network->stages)
        return cb_fail(err, CB_BAD_INPUT,
                       "%s: no CIFAR ResNet of one of the depths" CB_RESNET_DEPTHS(
                           NAMED) ": %zu, %zu and %zu blocks named layer1.*, layer2.*, layer3.*",
                       path, count_blocks(file, 1), count_blocks(file, 2), count_blocks(file, 3));
    const char *version = cb_safetensors_metadata(file, "numerics");
    network->numerics = version ? cb_numerics_find(version) : CB_FP32_DIRECT;
    if (network->numerics == CB_NUMERICS_COUNT)
        return cb_fail(err, CB_BAD_INPUT, "%s: unknown numerics version \"%.40s\" in the metadata", path, version);
    for (size_t i = 0; i < file->tensors; i++)
        if (!strncmp(bare(file->tensor[i].name), "layer2.0.downsample.", 20)) network->shortcut = 'B';
    const struct cb_tensor *linear = find_tensor(file, "linear.bias");
    if (linear && linear->rank == 1) network->classes = linear->dims[0];
    return CB_OK;
}

enum cb_status cb_checkpoint_network(struct cb_network *network, const char *path, struct cb_error *err)
{
    struct cb_safetensors file;
    enum cb_status status = cb_tensors_read(&file, path, err);
    if (status) return status;
    status = read_network(network, &file, path, err);
    cb_safetensors_free(&file);
    return status;
}
