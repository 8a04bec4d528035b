#include "checkpoint/checkpoint.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "checkpoint/model_file.h"

/* --- position as metadata ------------------------------------------------------------------------------------------
 */

enum { VALUE_BYTES = 80 };
enum field_type { FIELD_U64, FIELD_DOUBLE, FIELD_HEX, FIELD_WORD };

static const struct field {
    const char *key;
    enum field_type type;
    size_t offset;
} fields[] = {
    {"iteration", FIELD_U64, offsetof(struct cb_position, iteration)},
    {"recipe_sha256", FIELD_HEX, offsetof(struct cb_position, recipe_sha256)},
    {"train_sha256", FIELD_HEX, offsetof(struct cb_position, train_sha256)},
    {"eval_sha256", FIELD_HEX, offsetof(struct cb_position, eval_sha256)},
    {"data_kind", FIELD_WORD, offsetof(struct cb_position, data_kind)},
    {"init_sha256", FIELD_HEX, offsetof(struct cb_position, init_sha256)},
    {"loss_chain", FIELD_HEX, offsetof(struct cb_position, loss_chain)},
    {"smoothed_loss", FIELD_DOUBLE, offsetof(struct cb_position, smoothed_loss)},
    {"epoch_loss_sum", FIELD_DOUBLE, offsetof(struct cb_position, epoch_loss_sum)},
    {"epoch_correct", FIELD_U64, offsetof(struct cb_position, epoch_correct)},
    {"epoch_images", FIELD_U64, offsetof(struct cb_position, epoch_images)},
    {"seconds", FIELD_DOUBLE, offsetof(struct cb_position, seconds)},
    {"resumed", FIELD_U64, offsetof(struct cb_position, resumed)},
    {"seconds_to_target", FIELD_DOUBLE, offsetof(struct cb_position, seconds_to_target)},
    {"target_epoch", FIELD_U64, offsetof(struct cb_position, target_epoch)},
    {"killed_seconds", FIELD_DOUBLE, offsetof(struct cb_position, killed_seconds)},
    {"eval_correct", FIELD_U64, offsetof(struct cb_position, eval_correct)},
    {"eval_images", FIELD_U64, offsetof(struct cb_position, eval_images)},
    {"eval_loss", FIELD_DOUBLE, offsetof(struct cb_position, eval_loss)},
};
enum { FIELDS = sizeof fields / sizeof *fields };

static void format_field(const struct cb_position *position, const struct field *field, char text[VALUE_BYTES])
{
    const char *at = (const char *)position + field->offset;
    uint64_t whole;
    double real;
    switch (field->type) {
    case FIELD_U64:
        memcpy(&whole, at, sizeof whole);
        snprintf(text, VALUE_BYTES, "%" PRIu64, whole);
        break;
    case FIELD_DOUBLE:
        memcpy(&real, at, sizeof real);
        snprintf(text, VALUE_BYTES, "%a", real);
        break;
    case FIELD_HEX:
    case FIELD_WORD:
        snprintf(text, VALUE_BYTES, "%s", at);
        break;
    }
}

static int parse_field(struct cb_position *position, const struct field *field, const char *text)
{
    char *at = (char *)position + field->offset, *end;
    switch (field->type) {
    case FIELD_U64: {
        if (!*text || text[strspn(text, "0123456789")]) return 0;
        const uint64_t whole = strtoull(text, NULL, 10);
        memcpy(at, &whole, sizeof whole);
        return 1;
    }
    case FIELD_DOUBLE: {
        const double real = strtod(text, &end);
        memcpy(at, &real, sizeof real);
        return end != text && !*end;
    }
    case FIELD_HEX:
        if (strlen(text) != CB_SHA256_HEX - 1 || text[strspn(text, "0123456789abcdef")]) return 0;
        strcpy(at, text);
        return 1;
    case FIELD_WORD:
        if (!*text || strlen(text) >= sizeof position->data_kind) return 0;
        strcpy(at, text);
        return 1;
    }
    return 0;
}

/* Over the fields as they are written, so that a flipped digit of the position is found as one of the weights is. */
static enum cb_status hash_fields(const char *const texts[FIELDS], char hex[CB_SHA256_HEX], struct cb_error *err)
{
    char all[FIELDS * (VALUE_BYTES + 32)];
    size_t len = 0;
    for (size_t i = 0; i < FIELDS; i++)
        len += (size_t)snprintf(all + len, sizeof all - len, "%s=%.*s\n", fields[i].key, VALUE_BYTES - 1, texts[i]);
    return cb_sha256_hex(all, len, hex, err);
}

static enum cb_status read_position(struct cb_position *position, const struct cb_safetensors *file, const char *path,
                                    struct cb_error *err)
{
    const char *texts[FIELDS], *expected = cb_safetensors_metadata(file, "position_sha256");
    char got[CB_SHA256_HEX];
    for (size_t i = 0; i < FIELDS; i++) {
        texts[i] = cb_safetensors_metadata(file, fields[i].key);
        if (!texts[i])
            return cb_fail(err, CB_BAD_INPUT, "%s: no resume file, or another version's: metadata \"%s\" is missing",
                           path, fields[i].key);
        if (!parse_field(position, &fields[i], texts[i]))
            return cb_fail(err, CB_BAD_INPUT, "%s: metadata \"%s\" is damaged: \"%.70s\"", path, fields[i].key,
                           texts[i]);
    }
    const enum cb_status status = hash_fields(texts, got, err);
    if (status) return status;
    if (!expected || strcmp(expected, got))
        return cb_fail(err, CB_BAD_INPUT, "%s: the position in the metadata is damaged: SHA-256 is %s, expected %.64s",
                       path, got, expected ? expected : "one");
    return CB_OK;
}

/* --- saving ------------------------------------------------------------------------------------------------------- */

enum cb_status cb_checkpoint_save_weights(const struct cb_model *model, const struct cb_position *position,
                                          const char *path, struct cb_error *err)
{
    struct cb_metadata metadata[FIELDS];
    char values[FIELDS][VALUE_BYTES];
    size_t count = 0;
    for (size_t i = 0; i < FIELDS; i++) {
        if (fields[i].type != FIELD_HEX && fields[i].type != FIELD_WORD) continue;
        format_field(position, &fields[i], values[i]);
        metadata[count++] = (struct cb_metadata){fields[i].key, values[i]};
    }
    return cb_tensors_write(model, 0, metadata, count, path, err);
}

/* A second name for the file, so that it outlives its replacement; *kept: it has one. A file system without hard links
 * keeps none: the replacement is atomic all the same. */
static enum cb_status keep_old(const char *path, const char *old, int *kept, struct cb_error *err)
{
    *kept = 0;
    if (unlink(old) && errno != ENOENT)
        return cb_fail(err, CB_IO_ERROR, "%s: cannot be replaced: %s", old, strerror(errno));
    *kept = !link(path, old);
    if (*kept || errno == ENOENT || errno == EPERM || errno == EOPNOTSUPP || errno == ENOSYS) return CB_OK;
    return cb_fail(err, CB_IO_ERROR, "%s: cannot be kept as %s: %s", path, old, strerror(errno));
}

enum cb_status cb_checkpoint_save(const struct cb_model *model, const struct cb_position *position, const char *path,
                                  const char *previous_path, struct cb_error *err)
{
    struct cb_metadata metadata[FIELDS + 1];
    char values[FIELDS][VALUE_BYTES], hex[CB_SHA256_HEX];
    const char *texts[FIELDS];
    for (size_t i = 0; i < FIELDS; i++) {
        format_field(position, &fields[i], values[i]);
        texts[i] = values[i];
        metadata[i] = (struct cb_metadata){fields[i].key, values[i]};
    }
    enum cb_status status = hash_fields(texts, hex, err);
    char old[PATH_MAX];
    int kept = 0;
    if ((size_t)snprintf(old, sizeof old, "%s.old", path) >= sizeof old)
        return cb_fail(err, CB_BAD_INPUT, "%s: the path is too long", path);
    if (!status && previous_path) status = keep_old(path, old, &kept, err);
    if (status) return status;
    metadata[FIELDS] = (struct cb_metadata){"position_sha256", hex};
    status = cb_tensors_write(model, 1, metadata, FIELDS + 1, path, err);
    /* Only when the new one is safe does the one before last go. */
    if (!status && kept && rename(old, previous_path))
        status = cb_fail(err, CB_IO_ERROR, "%s: cannot be kept as %s: %s", old, previous_path, strerror(errno));
    else if (status && kept)
        unlink(old);
    return status;
}

/* --- loading ------------------------------------------------------------------------------------------------------ */

static enum cb_status check_network(const struct cb_model *model, const struct cb_safetensors *file, const char *path,
                                    struct cb_error *err)
{
    const struct cb_network *network = cb_model_network(model);
    char name[CB_NETWORK_NAME];
    cb_network_name(network, name);
    const char *held = cb_safetensors_metadata(file, "network"), *shortcut = cb_safetensors_metadata(file, "shortcut");
    const char *numerics = cb_safetensors_metadata(file, "numerics"), *expected = cb_numerics_name(network->numerics);
    if (!held || !shortcut || !numerics)
        return cb_fail(err, CB_BAD_INPUT,
                       "%s: not written by cyclebench: metadata \"network\", \"shortcut\" or \"numerics\" is missing",
                       path);
    if (strcmp(held, name) || shortcut[0] != network->shortcut || shortcut[1])
        return cb_fail(err, CB_BAD_INPUT, "%s: holds %.20s with shortcut %.8s, expected %s with shortcut %c", path,
                       held, shortcut, name, network->shortcut);
    if (strcmp(numerics, expected))
        return cb_fail(err, CB_BAD_INPUT, "%s: was trained with numerics %.40s, expected %s", path, numerics, expected);
    return CB_OK;
}

/* Offsets and shapes are checked by the reader; this finds a flipped bit in the numbers. */
static enum cb_status check_data(const struct cb_safetensors *file, const char *path, struct cb_error *err)
{
    const char *expected = cb_safetensors_metadata(file, "data_sha256");
    char got[CB_SHA256_HEX];
    const enum cb_status status = cb_tensors_sha256(file, got, err);
    if (status) return status;
    if (!expected) return cb_fail(err, CB_BAD_INPUT, "%s: metadata \"data_sha256\" is missing", path);
    if (strcmp(expected, got))
        return cb_fail(err, CB_BAD_INPUT, "%s: the tensor data is damaged: SHA-256 is %s, expected %.64s", path, got,
                       expected);
    return CB_OK;
}

/* Empty: not known yet. */
static int same(const char *known, const char *found)
{
    return !known[0] || !strcmp(known, found);
}

static enum cb_status check_identity(const struct cb_position *known, const struct cb_position *found, const char *path,
                                     struct cb_error *err)
{
    if (!same(known->recipe_sha256, found->recipe_sha256))
        return cb_fail(
            err, CB_BAD_INPUT,
            "%s: belongs to another recipe; resume it as its directory says (--resume with that folder alone)", path);
    const int train = same(known->train_sha256, found->train_sha256);
    if (train && same(known->eval_sha256, found->eval_sha256)) return CB_OK;
    return cb_fail(err, CB_BAD_INPUT,
                   "%s: belongs to other %s images: SHA-256 %.12s... (%s), given are %.12s... (%s); resume it with its "
                   "own --data",
                   path, train ? "evaluation" : "training", train ? found->eval_sha256 : found->train_sha256,
                   found->data_kind, train ? known->eval_sha256 : known->train_sha256, known->data_kind);
}

static enum cb_status resume_from(struct cb_model *model, struct cb_position *position,
                                  const struct cb_safetensors *file, const char *path, struct cb_error *err)
{
    struct cb_position found = {0};
    enum cb_status status = read_position(&found, file, path, err);
    if (!status) status = check_identity(position, &found, path, err);
    if (!status) status = check_network(model, file, path, err);
    if (!status) status = check_data(file, path, err);
    if (!status) status = cb_tensors_load(model, file, CB_TENSORS_RESUME, path, err);
    if (!status) *position = found;
    return status;
}

enum cb_status cb_checkpoint_resume(struct cb_model *model, struct cb_position *position, const char *path,
                                    struct cb_error *err)
{
    struct cb_safetensors file;
    enum cb_status status = cb_tensors_read(&file, path, err);
    if (status) return status;
    status = resume_from(model, position, &file, path, err);
    cb_safetensors_free(&file);
    return status;
}

enum cb_status cb_checkpoint_position(struct cb_position *position, const char *path, struct cb_error *err)
{
    struct cb_safetensors file;
    enum cb_status status = cb_tensors_read(&file, path, err);
    if (status) return status;
    status = read_position(position, &file, path, err);
    if (!status) status = check_data(&file, path, err);
    cb_safetensors_free(&file);
    return status;
}

enum cb_status cb_checkpoint_load_weights(struct cb_model *model, const char *path, int allow_missing_statistics,
                                          struct cb_error *err)
{
    struct cb_safetensors file;
    enum cb_status status = cb_tensors_read(&file, path, err);
    if (status) return status;
    /* Ours carry a checksum; PyTorch's do not. */
    if (cb_safetensors_metadata(&file, "data_sha256")) status = check_data(&file, path, err);
    if (!status)
        status =
            cb_tensors_load(model, &file, allow_missing_statistics ? CB_TENSORS_INIT : CB_TENSORS_WEIGHTS, path, err);
    cb_safetensors_free(&file);
    return status;
}
