/* Checkpoints: what is saved comes back bit for bit; what is damaged, foreign or incomplete is refused by name and
 * changes nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "checkpoint/checkpoint.h"
#include "pinned_steps.h"
#include "temp.h"

static struct cb_network resnet20, resnet20_b, resnet32; /* set by main */

static const char recipe_hash[] = "00000000000000000000000000000000000000000000000000000000000000aa";
static const char other_hash[] = "00000000000000000000000000000000000000000000000000000000000000bb";

static struct cb_model *make_model(const struct cb_network *network, uint64_t seed)
{
    struct cb_model *model;
    struct cb_error err;
    if (cb_model_create(&model, network, 1, &err)) fail_msg("%s", err.text);
    cb_model_init(model, seed);
    return model;
}

/* Velocities and statistics that differ in every element and are not only nice numbers. */
static void scramble(struct cb_model *model)
{
    for (size_t i = 0; i < cb_model_tensor_count(model); i++) {
        const struct cb_model_tensor *t = cb_model_tensor(model, i);
        float *data = malloc(t->len * sizeof *data);
        for (size_t e = 0; e < t->len; e++) data[e] = (float)(i + 1) * 1e-3f + (float)e * (e % 2 ? 1e-41f : -0.1f);
        cb_model_import(model, i, t->trained ? CB_VELOCITY : CB_VALUE, data);
        free(data);
    }
}

static void assert_same_state(const struct cb_model *a, const struct cb_model *b)
{
    for (size_t i = 0; i < cb_model_tensor_count(a); i++) {
        const struct cb_model_tensor *t = cb_model_tensor(a, i);
        float *x = malloc(t->len * sizeof *x), *y = malloc(t->len * sizeof *y);
        for (int part = 0; part <= t->trained; part++) {
            cb_model_export(a, i, part ? CB_VELOCITY : CB_VALUE, x);
            cb_model_export(b, i, part ? CB_VELOCITY : CB_VALUE, y);
            if (memcmp(x, y, t->len * sizeof *x)) fail_msg("%s%s differs", part ? "momentum." : "", t->name);
        }
        free(x);
        free(y);
    }
}

static struct cb_position some_position(void)
{
    struct cb_position p;
    memset(&p, 0, sizeof p);
    p.iteration = 9310;
    strcpy(p.recipe_sha256, recipe_hash);
    strcpy(p.train_sha256, other_hash);
    strcpy(p.eval_sha256, recipe_hash);
    strcpy(p.data_kind, "synthetic");
    strcpy(p.init_sha256, CB_NO_SHA256);
    strcpy(p.loss_chain, other_hash);
    p.smoothed_loss = 1.0 / 3;
    p.epoch_loss_sum = 1e-310;
    p.epoch_correct = UINT64_MAX;
    p.seconds = INFINITY;
    p.resumed = 3;
    p.seconds_to_target = -1;
    p.killed_seconds = 0.1;
    p.eval_correct = 9306;
    p.eval_images = 10000;
    p.eval_loss = NAN;
    return p;
}

static void test_resume_restores_every_bit(void **state)
{
    struct cb_model *model = make_model(&resnet20_b, 3), *other = make_model(&resnet20_b, 4);
    const struct cb_position position = some_position();
    struct cb_position found;
    struct cb_error err;
    struct cb_bytes first, second;
    char path[1024];
    snprintf(path, sizeof path, "%s", in_folder(state, "last.safetensors"));
    scramble(model);
    memset(&found, 0, sizeof found);
    if (cb_checkpoint_save(model, &position, path, NULL, &err)) fail_msg("%s", err.text);
    if (cb_checkpoint_resume(other, &found, path, &err)) fail_msg("%s", err.text);
    assert_same_state(model, other);
    assert_memory_equal(&found, &position, sizeof found);

    /* Saving what was resumed gives the same file. */
    assert_int_equal(cb_read_file(&first, path, 1 << 28, &err), CB_OK);
    assert_int_equal(cb_checkpoint_save(other, &found, path, NULL, &err), CB_OK);
    assert_int_equal(cb_read_file(&second, path, 1 << 28, &err), CB_OK);
    assert_int_equal(first.len, second.len);
    assert_memory_equal(first.data, second.data, first.len);
    free(first.data);
    free(second.data);
    cb_model_destroy(model);
    cb_model_destroy(other);
}

static void test_resume_refuses_another_run(void **state)
{
    const struct cb_position somewhere = some_position();
    struct cb_model *model = make_model(&resnet20, 3), *deeper = make_model(&resnet32, 3),
                    *b = make_model(&resnet20_b, 3);
    struct cb_position position = some_position();
    struct cb_error err;
    const char *path = in_folder(state, "last.safetensors");
    assert_int_equal(cb_checkpoint_save(model, &position, path, NULL, &err), CB_OK);
    assert_int_equal(cb_checkpoint_resume(deeper, &position, path, &err), CB_BAD_INPUT);
    assert_non_null(strstr(err.text, "resnet20"));
    assert_int_equal(cb_checkpoint_resume(b, &position, path, &err), CB_BAD_INPUT);
    assert_non_null(strstr(err.text, "shortcut A"));
    strcpy(position.recipe_sha256, other_hash);
    assert_int_equal(cb_checkpoint_resume(model, &position, path, &err), CB_BAD_INPUT);
    assert_non_null(strstr(err.text, "another recipe"));
    strcpy(position.recipe_sha256, recipe_hash);
    strcpy(position.train_sha256, recipe_hash);
    assert_int_equal(cb_checkpoint_resume(model, &position, path, &err), CB_BAD_INPUT);
    assert_non_null(strstr(err.text, "other training images"));
    strcpy(position.train_sha256, other_hash);
    strcpy(position.eval_sha256, other_hash);
    assert_int_equal(cb_checkpoint_resume(model, &position, path, &err), CB_BAD_INPUT);
    assert_non_null(strstr(err.text, "other evaluation images"));
    position.eval_sha256[0] = '\0';
    assert_int_equal(cb_checkpoint_resume(model, &position, path, &err), CB_OK);
    assert_string_equal(position.eval_sha256, recipe_hash);

    /* Weights alone are no resume file. */
    assert_int_equal(cb_checkpoint_save_weights(model, &somewhere, path, &err), CB_OK);
    assert_int_equal(cb_checkpoint_resume(model, &position, path, &err), CB_BAD_INPUT);
    assert_non_null(strstr(err.text, "no resume file"));
    assert_int_equal(cb_checkpoint_resume(model, &position, in_folder(state, "missing"), &err), CB_BAD_INPUT);
    cb_model_destroy(model);
    cb_model_destroy(deeper);
    cb_model_destroy(b);
}

/* At any moment there is a good file: the one before keeps its place until the next is written. */
static void test_previous_is_kept(void **state)
{
    struct cb_model *model = make_model(&resnet20, 3);
    struct cb_position position = some_position(), found = {0};
    struct cb_error err;
    char last[1024], previous[1024];
    snprintf(last, sizeof last, "%s", in_folder(state, "last.safetensors"));
    snprintf(previous, sizeof previous, "%s", in_folder(state, "previous.safetensors"));
    position.iteration = 1;
    assert_int_equal(cb_checkpoint_save(model, &position, last, previous, &err), CB_OK);
    assert_int_equal(access(previous, F_OK), -1); /* there was none */
    for (uint64_t k = 2; k < 4; k++) {
        position.iteration = k;
        assert_int_equal(cb_checkpoint_save(model, &position, last, previous, &err), CB_OK);
        assert_int_equal(cb_checkpoint_position(&found, previous, &err), CB_OK);
        assert_int_equal(found.iteration, k - 1);
        assert_int_equal(cb_checkpoint_position(&found, last, &err), CB_OK);
        assert_int_equal(found.iteration, k);
    }
    /* The new file cannot be written: both are as they were. */
    struct rlimit before;
    getrlimit(RLIMIT_FSIZE, &before);
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &(struct rlimit){1000, before.rlim_max});
    const enum cb_status status = cb_checkpoint_save(model, &position, last, previous, &err);
    setrlimit(RLIMIT_FSIZE, &before);
    assert_int_equal(status, CB_IO_ERROR);
    assert_int_equal(cb_checkpoint_position(&found, last, &err), CB_OK);
    assert_int_equal(found.iteration, 3);
    assert_int_equal(cb_checkpoint_position(&found, previous, &err), CB_OK);
    assert_int_equal(found.iteration, 2);
    assert_int_equal(count_files(*state, 0), 2);
    cb_model_destroy(model);
}

static void poke(const char *path, size_t at, int byte)
{
    FILE *file = fopen(path, "r+b");
    assert_non_null(file);
    assert_int_equal(fseek(file, (long)at, SEEK_SET), 0);
    assert_int_equal(fputc(byte, file), byte);
    assert_int_equal(fclose(file), 0);
}

/* Flips bits all over a resume file, in each byte of its metadata. */
static void test_every_damage_is_found(void **state)
{
    struct cb_model *model = make_model(&resnet20, 3);
    struct cb_position position = some_position();
    struct cb_error err;
    struct cb_bytes file;
    char before[CB_SHA256_HEX], after[CB_SHA256_HEX];
    const char *path = in_folder(state, "last.safetensors");
    assert_int_equal(cb_checkpoint_save(model, &position, path, NULL, &err), CB_OK);
    assert_int_equal(cb_read_file(&file, path, 1 << 28, &err), CB_OK);
    assert_int_equal(cb_weights_sha256(model, before, &err), CB_OK);
    const uint8_t *end = memmem(file.data, file.len, "},", 2);
    assert_non_null(end);
    for (size_t at = 0; at < file.len; at += &file.data[at] < end ? 1 : 4001) {
        poke(path, at, file.data[at] ^ 1);
        if (cb_checkpoint_resume(model, &position, path, &err) == CB_OK)
            fail_msg("the flip at byte %zu is not found", at);
        poke(path, at, file.data[at]);
    }
    for (size_t cut = 1; cut < file.len; cut *= 3) {
        assert_int_equal(put_file(path, file.data, file.len - cut), 0);
        assert_int_equal(cb_checkpoint_resume(model, &position, path, &err), CB_BAD_INPUT);
    }
    assert_int_equal(cb_weights_sha256(model, after, &err), CB_OK);
    assert_string_equal(before, after);
    assert_int_equal(put_file(path, file.data, file.len), 0);
    assert_int_equal(cb_checkpoint_resume(model, &position, path, &err), CB_OK);
    free(file.data);
    cb_model_destroy(model);
}

/* --- files of other programs, made from ours ---------------------------------------------------------------------- */

/* Rewrites a checkpoint with one tensor changed; metadata stays. */
enum change { DROP, RENAME, RESHAPE, RETYPE };
static void rewrite(const char *path, const char *tensor, enum change change, const char *new_name)
{
    struct cb_safetensors file;
    struct cb_error err;
    if (cb_safetensors_read(&file, path, &err)) fail_msg("%s", err.text);
    struct cb_tensor *t = (struct cb_tensor *)(uintptr_t)cb_safetensors_find(&file, tensor);
    assert_non_null(t);
    size_t count = file.tensors;
    switch (change) {
    case DROP:
        *t = file.tensor[--count];
        break;
    case RENAME:
        t->name = new_name;
        break;
    case RESHAPE:
        t->rank = 1;
        t->dims[0] = t->len;
        break;
    case RETYPE:
        assert_int_equal(t->len % 2, 0);
        t->dtype = CB_DTYPE_F64;
        t->dims[0] /= 2;
        break;
    }
    /* Without the checksums, as files of other programs are. */
    size_t entries = 0;
    for (size_t i = 0; i < file.entries; i++)
        if (!strstr(file.metadata[i].key, "data_sha256")) file.metadata[entries++] = file.metadata[i];
    if (cb_safetensors_write(path, file.tensor, count, file.metadata, entries, &err)) fail_msg("%s", err.text);
    cb_safetensors_free(&file);
}

static void weights_refused(struct cb_model *model, const char *path, int allow_missing_statistics, const char *part)
{
    struct cb_error err = {""};
    char before[CB_SHA256_HEX], after[CB_SHA256_HEX];
    assert_int_equal(cb_weights_sha256(model, before, &err), CB_OK);
    if (cb_checkpoint_load_weights(model, path, allow_missing_statistics, &err) != CB_BAD_INPUT)
        fail_msg("accepted, expected: %s", part);
    if (!strstr(err.text, part)) fail_msg("\"%s\" does not say \"%s\"", err.text, part);
    assert_int_equal(cb_weights_sha256(model, after, &err), CB_OK);
    assert_string_equal(before, after);
}

static void test_load_weights(void **state)
{
    const struct cb_position somewhere = some_position(), position = somewhere;
    struct cb_model *model = make_model(&resnet20_b, 3), *other = make_model(&resnet20_b, 4);
    struct cb_error err;
    char path[1024];
    snprintf(path, sizeof path, "%s", in_folder(state, "w.safetensors"));
    char expected[CB_SHA256_HEX], got[CB_SHA256_HEX];
    assert_int_equal(cb_weights_sha256(model, expected, &err), CB_OK);

    /* From weights, from a resume file, with names as DataParallel and BatchNorm2d give them, without statistics. */
    assert_int_equal(cb_checkpoint_save_weights(model, &somewhere, path, &err), CB_OK);
    if (cb_checkpoint_load_weights(other, path, 0, &err)) fail_msg("%s", err.text);
    assert_int_equal(cb_weights_sha256(other, got, &err), CB_OK);
    assert_string_equal(got, expected);
    rewrite(path, "conv1.weight", RENAME, "module.conv1.weight");
    rewrite(path, "bn1.running_mean", RENAME, "module.bn1.num_batches_tracked");
    weights_refused(other, path, 0, "bn1.running_mean is missing");
    cb_model_init(other, 5);
    if (cb_checkpoint_load_weights(other, path, 1, &err)) fail_msg("%s", err.text);
    assert_int_equal(cb_weights_sha256(other, got, &err), CB_OK);
    assert_string_equal(got, expected); /* both have the initial statistics */
    assert_int_equal(cb_checkpoint_save(model, &position, path, NULL, &err), CB_OK);
    if (cb_checkpoint_load_weights(other, path, 0, &err)) fail_msg("%s", err.text);

    static const struct {
        const char *tensor;
        enum change change;
        const char *new_name, *part;
    } rows[] = {
        {"linear.bias", DROP, NULL, "linear.bias is missing"},
        {"linear.bias", RENAME, "linear.basi", "linear.basi is not of this network"},
        {"linear.weight", RESHAPE, NULL, "linear.weight has shape [640], expected [10, 64]"},
        {"linear.weight", RETYPE, NULL, "linear.weight: dtype is not F32"},
        {"layer2.0.downsample.0.weight", RENAME, "layer2.0.shortcut.0.weight", "layer2.0.shortcut.0.weight is not"},
        {"layer1.0.conv1.weight", RENAME, "module.bn1.weight", "bn1.weight is there twice"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(cb_checkpoint_save_weights(model, &somewhere, path, &err), CB_OK);
        /* The collision needs two tensors of one shape. */
        const char *tensor = i == 5 ? "bn1.bias" : rows[i].tensor;
        rewrite(path, tensor, rows[i].change, rows[i].new_name);
        weights_refused(other, path, 1, rows[i].part);
    }
    cb_model_destroy(model);
    cb_model_destroy(other);
}

/* No flipped bit in the metadata of final.safetensors may turn it into another network or other numerics. */
static void test_weights_keep_their_metadata(void **state)
{
    struct cb_model *model = make_model(&resnet20_b, 3);
    const struct cb_position somewhere = some_position();
    struct cb_network found;
    struct cb_error err;
    struct cb_bytes file;
    const char *path = in_folder(state, "final.safetensors");
    assert_int_equal(cb_checkpoint_save_weights(model, &somewhere, path, &err), CB_OK);
    assert_int_equal(cb_read_file(&file, path, 1 << 28, &err), CB_OK);
    const uint8_t *end = memmem(file.data, file.len, "},", 2);
    const uint8_t *sum = memmem(file.data, file.len, "metadata_sha256", 15);
    assert_true(end && sum);
    for (const uint8_t *at = file.data; at < end; at++) {
        for (int bit = 0; bit < 8; bit += 3) {
            poke(path, (size_t)(at - file.data), *at ^ 1 << bit);
            if (cb_checkpoint_network(&found, path, &err) != CB_OK) continue;
            /* Without the key of the sum it is a file as it was before there was a sum: right in all it says. */
            if (at < sum || at >= sum + 15) fail_msg("bit %d of byte %zu is not found", bit, (size_t)(at - file.data));
            assert_true(cb_network_depth(&found) == 20 && found.shortcut == 'B' &&
                        found.numerics == resnet20_b.numerics);
        }
        poke(path, (size_t)(at - file.data), *at);
    }
    free(file.data);
    cb_model_destroy(model);
}

static void test_resume_wants_momentum(void **state)
{
    struct cb_model *model = make_model(&resnet20, 3);
    struct cb_position position = some_position();
    struct cb_error err;
    char path[1024];
    snprintf(path, sizeof path, "%s", in_folder(state, "last.safetensors"));
    struct cb_safetensors file;
    assert_int_equal(cb_checkpoint_save(model, &position, path, NULL, &err), CB_OK);
    assert_int_equal(cb_safetensors_read(&file, path, &err), CB_OK);
    /* Drop one tensor, with a checksum that fits what is left. */
    size_t count = 0, bytes = 0;
    for (size_t i = 0; i < file.tensors; i++)
        if (strcmp(file.tensor[i].name, "momentum.layer3.2.conv2.weight")) file.tensor[count++] = file.tensor[i];
    assert_int_equal(count, file.tensors - 1);
    uint8_t *data = malloc(1 << 23);
    for (size_t i = 0; i < count; i++) {
        memcpy(data + bytes, file.tensor[i].data, file.tensor[i].bytes);
        bytes += file.tensor[i].bytes;
    }
    char hex[CB_SHA256_HEX];
    assert_int_equal(cb_sha256_hex(data, bytes, hex, NULL), CB_OK);
    size_t entries = 0;
    for (size_t i = 0; i < file.entries; i++) {
        if (!strcmp(file.metadata[i].key, "data_sha256")) file.metadata[i].value = hex;
        if (strcmp(file.metadata[i].key, "metadata_sha256")) file.metadata[entries++] = file.metadata[i];
    }
    assert_int_equal(cb_safetensors_write(path, file.tensor, count, file.metadata, entries, &err), CB_OK);
    assert_int_equal(cb_checkpoint_resume(model, &position, path, &err), CB_BAD_INPUT);
    assert_non_null(strstr(err.text, "tensor momentum.layer3.2.conv2.weight is missing"));
    free(data);
    cb_safetensors_free(&file);
    cb_model_destroy(model);
}

static void test_network_of_a_file(void **state)
{
    const struct cb_position somewhere = some_position();
    static const struct cb_network *const networks[] = {&resnet20, &resnet20_b, &resnet32};
    struct cb_network found;
    struct cb_error err;
    char path[1024];
    snprintf(path, sizeof path, "%s", in_folder(state, "w.safetensors"));
    for (size_t i = 0; i < 3; i++) {
        struct cb_model *model = make_model(networks[i], 1);
        assert_int_equal(cb_checkpoint_save_weights(model, &somewhere, path, &err), CB_OK);
        cb_model_destroy(model);
        assert_int_equal(cb_checkpoint_network(&found, path, &err), CB_OK);
        assert_true(cb_network_depth(&found) == cb_network_depth(networks[i]) &&
                    found.shortcut == networks[i]->shortcut && found.numerics == networks[i]->numerics);
    }
    rewrite(path, "layer3.4.conv1.weight", DROP, NULL);
    assert_int_equal(cb_checkpoint_network(&found, path, &err), CB_BAD_INPUT);
    assert_non_null(strstr(err.text, "5, 5 and 4 blocks"));
}

static void test_pretrained(void **state)
{
    (void)state;
    static const char path[] = "../shared/pretrained/resnet20.safetensors";
    if (access(path, R_OK)) {
        print_message("# SKIP test_pretrained: [pretrained] no %s\n", path);
        skip();
    }
    struct cb_network network;
    struct cb_error err;
    struct cb_safetensors file;
    assert_int_equal(cb_checkpoint_network(&network, path, &err), CB_OK);
    assert_true(cb_network_depth(&network) == 20 && network.shortcut == 'A' && network.numerics == CB_FP32_DIRECT);
    struct cb_model *model = make_model(&network, 1);
    if (cb_checkpoint_load_weights(model, path, 0, &err)) fail_msg("%s", err.text);

    /* The weights' hash, taken from the file itself: its tensors stand in network order. */
    assert_int_equal(cb_safetensors_read(&file, path, &err), CB_OK);
    size_t bytes = 0;
    uint8_t *data = malloc(1 << 23);
    for (size_t i = 0; i < cb_model_tensor_count(model); i++) {
        const struct cb_tensor *t = cb_safetensors_find(&file, cb_model_tensor(model, i)->name);
        assert_non_null(t);
        memcpy(data + bytes, t->data, t->bytes);
        bytes += t->bytes;
    }
    char expected[CB_SHA256_HEX], got[CB_SHA256_HEX];
    assert_int_equal(cb_sha256_hex(data, bytes, expected, NULL), CB_OK);
    assert_int_equal(cb_weights_sha256(model, got, &err), CB_OK);
    assert_string_equal(got, expected);
    free(data);
    cb_safetensors_free(&file);
    cb_model_destroy(model);
}

int main(void)
{
    resnet20 = pinned_network('A', CB_INIT_HE_FAN_IN, CB_FP32_DIRECT);
    resnet20_b = pinned_network('B', CB_INIT_TORCH03, CB_FP32_DIRECT);
    resnet32 = cb_network_resnet(32);
    resnet32.numerics = CB_FP32_WINOGRAD;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_resume_restores_every_bit, make_temp_folder, remove_temp_folder),
        cmocka_unit_test_setup_teardown(test_resume_refuses_another_run, make_temp_folder, remove_temp_folder),
        cmocka_unit_test_setup_teardown(test_previous_is_kept, make_temp_folder, remove_temp_folder),
        cmocka_unit_test_setup_teardown(test_every_damage_is_found, make_temp_folder, remove_temp_folder),
        cmocka_unit_test_setup_teardown(test_load_weights, make_temp_folder, remove_temp_folder),
        cmocka_unit_test_setup_teardown(test_weights_keep_their_metadata, make_temp_folder, remove_temp_folder),
        cmocka_unit_test_setup_teardown(test_resume_wants_momentum, make_temp_folder, remove_temp_folder),
        cmocka_unit_test_setup_teardown(test_network_of_a_file, make_temp_folder, remove_temp_folder),
        cmocka_unit_test(test_pretrained),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("checkpoint", tests, NULL, NULL);
}
