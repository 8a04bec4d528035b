/* The safetensors reader against broken and hostile files, the writer against the reference's own files, and files that
 * are replaced whole or not at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "files/sha256.h"
#include "checkpoint/safetensors.h"
#include "temp.h"

/* Header and data as a file; freed by the caller. The memory is exactly as long as the file, so that a sanitizer sees a
 * byte too far. */
static struct cb_bytes make_file(const char *header, size_t data_bytes)
{
    const uint64_t n = strlen(header);
    struct cb_bytes file = {.len = sizeof n + n + data_bytes};
    file.data = malloc(file.len);
    memcpy(file.data, &n, sizeof n);
    memcpy(file.data + sizeof n, header, n);
    for (size_t i = 0; i < data_bytes; i++) file.data[sizeof n + n + i] = (uint8_t)i;
    return file;
}

/* Parses and, if that worked, reads every byte that it promises. */
static enum cb_status parse_and_touch(const uint8_t *bytes, size_t len, struct cb_error *err)
{
    struct cb_safetensors file;
    const enum cb_status status = cb_safetensors_parse(&file, bytes, len, "t", err);
    volatile uint8_t sum = 0;
    for (size_t i = 0; i < file.tensors; i++) {
        const uint8_t *data = file.tensor[i].data;
        assert_true(data >= bytes && file.tensor[i].bytes <= (size_t)(bytes + len - data));
        for (size_t b = 0; b < file.tensor[i].bytes; b++) sum = (uint8_t)(sum + data[b]);
    }
    cb_safetensors_free(&file);
    return status;
}

static void refused(const char *header, size_t data_bytes, const char *part)
{
    struct cb_error err = {""};
    const struct cb_bytes file = make_file(header, data_bytes);
    const enum cb_status status = parse_and_touch(file.data, file.len, &err);
    free(file.data);
    if (status != CB_BAD_INPUT) fail_msg("accepted: %s", header);
    if (!strstr(err.text, part)) fail_msg("\"%s\" does not say \"%s\"", err.text, part);
}

static void accepted(const char *header, size_t data_bytes)
{
    struct cb_error err;
    const struct cb_bytes file = make_file(header, data_bytes);
    if (parse_and_touch(file.data, file.len, &err)) fail_msg("%s: %s", header, err.text);
    free(file.data);
}

static const char two[] =
    "{\"__metadata__\":{\"k\":\"v\"},\"b\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[8,32]},"
    "\"a\":{\"dtype\":\"F64\",\"shape\":[1],\"data_offsets\":[0,8]}}  ";

static void test_parse(void **state)
{
    (void)state;
    struct cb_safetensors file;
    struct cb_error err;
    const struct cb_bytes bytes = make_file(two, 32);
    assert_int_equal(cb_safetensors_parse(&file, bytes.data, bytes.len, "t", &err), CB_OK);
    assert_int_equal(file.tensors, 2);
    assert_string_equal(file.tensor[0].name, "a");
    const struct cb_tensor *b = cb_safetensors_find(&file, "b");
    assert_ptr_equal(b, &file.tensor[1]);
    assert_true(b->dtype == CB_DTYPE_F32 && b->rank == 2 && b->dims[0] == 2 && b->dims[1] == 3 && b->len == 6 &&
                b->bytes == 24);
    assert_int_equal(*(const uint8_t *)b->data, 8);
    assert_string_equal(cb_safetensors_metadata(&file, "k"), "v");
    assert_null(cb_safetensors_metadata(&file, "x"));
    assert_null(cb_safetensors_find(&file, "x"));
    cb_safetensors_free(&file);
    cb_safetensors_free(&file);
    free(bytes.data);

    accepted("{}", 0);
    accepted("{\"s\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,4]}}", 4); /* a scalar */
    accepted(
        "{\"e\":{\"dtype\":\"F32\",\"shape\":[0,7],\"data_offsets\":[4,4]}," /* no elements, between and after others */
        "\"f\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},\"g\":{\"dtype\":\"U8\",\"shape\":[0],\"data_"
        "offsets\":[4,4]}}",
        4);
    accepted("{\"h\":{\"dtype\":\"BF16\",\"shape\":[2],\"data_offsets\":[0,4]}}", 4);
}

static void test_every_truncation(void **state)
{
    (void)state;
    const struct cb_bytes whole = make_file(two, 32);
    assert_int_equal(parse_and_touch(whole.data, whole.len, NULL), CB_OK);
    for (size_t len = 0; len < whole.len; len++) {
        uint8_t *part = malloc(len + !len);
        memcpy(part, whole.data, len);
        if (parse_and_touch(part, len, NULL) != CB_BAD_INPUT)
            fail_msg("accepted the first %zu of %zu bytes", len, whole.len);
        free(part);
    }
    free(whole.data);
}

static void test_every_bit_flip(void **state)
{
    (void)state;
    const struct cb_bytes file = make_file(two, 32);
    size_t refusals = 0;
    for (size_t bit = 0; bit < (file.len - 32) * 8; bit++) {
        file.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        const enum cb_status status = parse_and_touch(file.data, file.len, NULL);
        assert_true(status == CB_OK ||
                    status == CB_BAD_INPUT); /* a flip in a name or in a metadata value is another valid file */
        refusals += status != CB_OK;
        file.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    assert_true(refusals > (file.len - 32) * 8 * 9 / 10);
    free(file.data);
}

#define F32(name, shape, offsets) "\"" name "\":{\"dtype\":\"F32\",\"shape\":" shape ",\"data_offsets\":" offsets "}"

static void test_attacks(void **state)
{
    (void)state;
    refused("{" F32("a", "[2]", "[0,8]") "}", 12, "after the last tensor");
    refused("{" F32("a", "[2]", "[0,8]") "}", 7, "do not lie in");
    refused("{" F32("a", "[2]", "[0,8]") "," F32("b", "[2]", "[4,12]") "}", 12, "overlaps");
    refused("{" F32("a", "[2]", "[0,8]") "," F32("b", "[2]", "[0,8]") "}", 8, "overlaps");
    refused("{" F32("a", "[1]", "[0,4]") "," F32("b", "[1]", "[8,12]") "}", 12, "hole of 4 bytes");
    refused("{" F32("a", "[1]", "[4,8]") "}", 8, "hole of 4 bytes");
    refused("{" F32("a", "[1]", "[8,4]") "}", 8, "do not lie in");
    refused("{" F32("a", "[1]", "[-4,0]") "}", 8, "non-negative");
    refused("{" F32("a", "[1]", "[0.0,4.0]") "}", 4, "non-negative");
    refused("{" F32("a", "[1]", "[0,4,8]") "}", 8, "pair");
    refused("{" F32("a", "[1]", "[0,18446744073709551620]") "}", 4, "JSON");
    refused("{" F32("a", "[1]", "[0,9223372036854775807]") "}", 4, "do not lie in");
    refused("{" F32("a", "[3]", "[0,8]") "}", 8, "shape and dtype need 12");
    refused("{" F32("a", "[4611686018427387904,4,4]", "[0,0]") "}", 0, "overflows");
    refused("{" F32("a", "[4611686018427387904]", "[0,0]") "}", 0, "overflows");
    refused("{" F32("a", "[-1]", "[0,4]") "}", 4, "dimension 0");
    refused("{" F32("a", "[\"1\"]", "[0,4]") "}", 4, "dimension 0");
    refused("{" F32("a", "1", "[0,4]") "}", 4, "shape");
    refused("{" F32("a", "[1,1,1,1,1,1,1,1,1]", "[0,4]") "}", 4, "9 dimensions");
    refused("{" F32("a", "[1]", "[0,4]") "," F32("a", "[1]", "[4,8]") "}", 8, "duplicate");
    refused("{\"__metadata__\":{\"k\":\"v\",\"k\":\"w\"}}", 0, "duplicate");
    refused("{\"__metadata__\":{\"k\":1}}", 0, "not a string");
    refused("{\"__metadata__\":{\"k\":null}}", 0, "not a string");
    refused("{\"__metadata__\":[]}", 0, "__metadata__");
    refused("{\"a\":{\"dtype\":\"F31\",\"shape\":[1],\"data_offsets\":[0,4]}}", 4, "unknown dtype F31");
    refused("{\"a\":{\"dtype\":7,\"shape\":[1],\"data_offsets\":[0,4]}}", 4, "unknown dtype");
    refused("{\"a\":{\"shape\":[1],\"data_offsets\":[0,4]}}", 4, "exactly dtype");
    refused("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4],\"more\":1}}", 4, "exactly dtype");
    refused("{\"a\":7}", 0, "exactly dtype");
    refused("[]", 0, "expected '{'");
    refused(" {}", 0, "expected '{'");
    refused("{} x", 0, "JSON");
    refused("{\"\xff\xfe\":{}}", 0, "byte 1"); /* not UTF-8; the offset counts from the start of the file */
    refused("{\"a\\u0000b\":{}}", 0, "JSON");
    refused("{\"\\u001b[31m\":7}", 0, "?[31m"); /* no control characters on the user's terminal */

    struct cb_error err;
    uint64_t prefix[2] = {UINT64_MAX, 0}; /* header lengths that overflow, or that ask for gigabytes */
    assert_int_equal(parse_and_touch((uint8_t *)prefix, sizeof prefix, &err), CB_BAD_INPUT);
    prefix[0] = (uint64_t)4 << 30;
    assert_int_equal(parse_and_touch((uint8_t *)prefix, sizeof prefix, &err), CB_BAD_INPUT);
    assert_non_null(strstr(err.text, "4294967296"));
    prefix[0] = 0;
    assert_int_equal(parse_and_touch((uint8_t *)prefix, sizeof prefix, &err), CB_BAD_INPUT);

    const size_t depth = 1000000;
    char *nested = malloc(depth + 8);
    strcpy(nested, "{\"a\":");
    memset(nested + 5, '[', depth);
    nested[5 + depth] = '\0';
    refused(nested, 0, "depth");
    free(nested);
}

/* --- writing ------------------------------------------------------------------------------------------------------ */

static void test_round_trip(void **state)
{
    static const float f[6] = {1, -2, 3.5f, 0, 1e-45f, 5};
    static const double d[1] = {0.1};
    static const int64_t i[2] = {-1, INT64_MAX};
    const struct cb_tensor tensors[] = {
        {.name = "b", .dtype = CB_DTYPE_F32, .rank = 2, .dims = {2, 3}, .len = 6, .bytes = 24, .data = f},
        {.name = "z\"\\\xc3\xa9", .dtype = CB_DTYPE_F64, .rank = 0, .len = 1, .bytes = 8, .data = d},
        {.name = "a", .dtype = CB_DTYPE_F32, .rank = 1, .dims = {0}, .len = 0, .bytes = 0, .data = f},
        {.name = "i", .dtype = CB_DTYPE_I64, .rank = 1, .dims = {2}, .len = 2, .bytes = 16, .data = i},
    };
    const struct cb_metadata metadata[] = {{"y", "line\nbreak"}, {"x", ""}};
    const struct cb_tensor shuffled[] = {tensors[3], tensors[1], tensors[0], tensors[2]};
    const struct cb_metadata swapped[] = {metadata[1], metadata[0]};
    char path[1024];
    snprintf(path, sizeof path, "%s", in_folder(state, "t.safetensors"));
    struct cb_error err;
    struct cb_bytes first, second;
    if (cb_safetensors_write(path, tensors, 4, metadata, 2, &err)) fail_msg("%s", err.text);
    assert_int_equal(cb_read_file(&first, path, 1 << 20, &err), CB_OK);
    assert_int_equal(cb_safetensors_write(path, shuffled, 4, swapped, 2, &err), CB_OK);
    assert_int_equal(cb_read_file(&second, path, 1 << 20, &err), CB_OK);
    assert_int_equal(first.len, second.len);
    assert_memory_equal(first.data, second.data, first.len);
    assert_int_equal(first.len - (24 + 8 + 16), (first.len - 48) / 8 * 8); /* the data starts on a multiple of 8 */
    free(first.data);
    free(second.data);

    struct cb_safetensors file;
    if (cb_safetensors_read(&file, path, &err)) fail_msg("%s", err.text);
    static const char *const order[] = {"i", "z\"\\\xc3\xa9", "a", "b"};
    assert_int_equal(file.tensors, 4);
    for (size_t n = 0; n < 4; n++) assert_string_equal(file.tensor[n].name, order[n]);
    assert_memory_equal(file.tensor[0].data, i, sizeof i);
    assert_memory_equal(file.tensor[1].data, d, sizeof d);
    assert_memory_equal(file.tensor[3].data, f, sizeof f);
    assert_string_equal(cb_safetensors_metadata(&file, "y"), "line\nbreak");
    cb_safetensors_free(&file);
    assert_int_equal(count_files(*state, 0), 1);
}

static void test_write_refuses(void **state)
{
    static const float f[2] = {1, 2};
    const struct cb_tensor good = {
        .name = "a", .dtype = CB_DTYPE_F32, .rank = 1, .dims = {2}, .len = 2, .bytes = 8, .data = f};
    const struct cb_tensor twice[] = {good, good};
    struct cb_tensor wrong = good, reserved = good, other = good, latin = good;
    wrong.dims[0] = 3;
    reserved.name = "__metadata__";
    other.dtype = CB_DTYPE_OTHER;
    latin.name = "\xe9";
    char path[1024];
    snprintf(path, sizeof path, "%s", in_folder(state, "t.safetensors"));
    assert_int_equal(cb_safetensors_write(path, twice, 2, NULL, 0, NULL), CB_BAD_INPUT);
    assert_int_equal(cb_safetensors_write(path, &wrong, 1, NULL, 0, NULL), CB_BAD_INPUT);
    assert_int_equal(cb_safetensors_write(path, &reserved, 1, NULL, 0, NULL), CB_BAD_INPUT);
    assert_int_equal(cb_safetensors_write(path, &other, 1, NULL, 0, NULL), CB_BAD_INPUT);
    assert_int_equal(cb_safetensors_write(path, &latin, 1, NULL, 0, NULL), CB_BAD_INPUT);
    assert_int_equal(count_files(*state, 0), 0);
    assert_int_equal(cb_safetensors_write(path, &good, 1, NULL, 0, NULL), CB_OK);
    assert_int_equal(count_files(*state, 1), 1);
}

/* The bytes that Hugging Face's writer gives: 8-byte types first, then by name, compact JSON, padded with spaces to a
 * multiple of 8. */
static void test_reference_bytes(void **state)
{
    static const uint8_t data[16] = "01234567abcdefgh";
    const struct cb_tensor tensors[] = {
        {.name = "bn1.weight", .dtype = CB_DTYPE_F32, .rank = 1, .dims = {1}, .len = 1, .bytes = 4, .data = data + 8},
        {.name = "conv1.weight",
         .dtype = CB_DTYPE_F32,
         .rank = 4,
         .dims = {1, 1, 1, 1},
         .len = 1,
         .bytes = 4,
         .data = data + 12},
        {.name = "epoch", .dtype = CB_DTYPE_I64, .rank = 0, .len = 1, .bytes = 8, .data = data},
    };
    const struct cb_metadata metadata = {"format", "pt"};
    static const char expected[] = "\xe0\0\0\0\0\0\0\0{\"__metadata__\":{\"format\":\"pt\"},"
                                   "\"epoch\":{\"dtype\":\"I64\",\"shape\":[],\"data_offsets\":[0,8]},"
                                   "\"bn1.weight\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[8,12]},"
                                   "\"conv1.weight\":{\"dtype\":\"F32\",\"shape\":[1,1,1,1],\"data_offsets\":[12,16]}} "
                                   "01234567abcdefgh";
    char path[1024];
    snprintf(path, sizeof path, "%s", in_folder(state, "t"));
    struct cb_bytes got;
    assert_int_equal(cb_safetensors_write(path, tensors, 3, &metadata, 1, NULL), CB_OK);
    assert_int_equal(cb_read_file(&got, path, 1 << 20, NULL), CB_OK);
    assert_int_equal(got.len, sizeof expected - 1);
    assert_memory_equal(got.data, expected, got.len);
    free(got.data);
}

static void assert_same_tensors(const struct cb_safetensors *a, const struct cb_safetensors *b)
{
    assert_int_equal(a->tensors, b->tensors);
    for (size_t i = 0; i < a->tensors; i++) {
        const struct cb_tensor *t = &a->tensor[i], *u = cb_safetensors_find(b, t->name);
        assert_non_null(u);
        assert_true(t->dtype == u->dtype && t->rank == u->rank && t->bytes == u->bytes);
        assert_memory_equal(t->dims, u->dims, sizeof t->dims);
        assert_memory_equal(t->data, u->data, t->bytes);
    }
}

/* Files of other programs: what we write of them holds the same, and writing that again gives the same bytes. */
static void test_foreign_files(void **state)
{
    static const char *const files[] = {
        "golden/resnet20/init.safetensors",  "golden/resnet20/grad_step0.safetensors",
        "golden/resnet20/after.safetensors", "golden/resnet20/logits.safetensors",
        "pretrained/resnet20.safetensors",   "pretrained/resnet20_test_logits.safetensors"};
    char path[1024];
    snprintf(path, sizeof path, "%s", in_folder(state, "copy"));
    size_t compared = 0;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char source[256];
        snprintf(source, sizeof source, "../shared/%s", files[i]);
        if (access(source, R_OK)) continue;
        struct cb_safetensors file, copy;
        struct cb_bytes first, second;
        struct cb_error err;
        if (cb_safetensors_read(&file, source, &err)) fail_msg("%s", err.text);
        if (cb_safetensors_write(path, file.tensor, file.tensors, file.metadata, file.entries, &err))
            fail_msg("%s", err.text);
        if (cb_safetensors_read(&copy, path, &err)) fail_msg("%s", err.text);
        assert_same_tensors(&file, &copy);
        assert_int_equal(cb_read_file(&first, path, 1 << 28, &err), CB_OK);
        if (cb_safetensors_write(path, copy.tensor, copy.tensors, copy.metadata, copy.entries, &err))
            fail_msg("%s", err.text);
        assert_int_equal(cb_read_file(&second, path, 1 << 28, &err), CB_OK);
        assert_int_equal(first.len, second.len);
        assert_memory_equal(first.data, second.data, first.len);
        free(first.data);
        free(second.data);
        cb_safetensors_free(&file);
        cb_safetensors_free(&copy);
        compared++;
    }
    if (!compared) {
        print_message("# SKIP test_foreign_files: [golden] no files in ../shared/golden and ../shared/pretrained\n");
        skip();
    }
}

/* Stands before libc's in this program: counts, and fails on demand. */
static int fsync_calls, fsync_fails;
int fsync(int fd)
{
    fsync_calls++;
    if (!fsync_fails) return (int)syscall(SYS_fsync, fd);
    errno = EIO;
    return -1;
}

/* --- whole files -------------------------------------------------------------------------------------------------- */

static struct cb_bytes text_bytes(const char *text)
{
    return (struct cb_bytes){(uint8_t *)(uintptr_t)text, strlen(text)};
}

static void assert_content(const char *path, const char *expected)
{
    struct cb_bytes got;
    struct cb_error err;
    if (cb_read_file(&got, path, 1 << 20, &err)) fail_msg("%s", err.text);
    assert_int_equal(got.len, strlen(expected));
    assert_memory_equal(got.data, expected, got.len);
    free(got.data);
}

static void test_write_file(void **state)
{
    const char *path = in_folder(state, "f");
    const struct cb_bytes parts[] = {text_bytes("one "), text_bytes(""), text_bytes("two")};
    struct cb_error err;
    struct stat st;
    umask(027);
    fsync_calls = 0;
    assert_int_equal(cb_write_file(path, parts, 3, &err), CB_OK);
    assert_int_equal(fsync_calls, 2); /* the file before the rename, its folder after it */
    assert_content(path, "one two");
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0640); /* what the user's umask says, not a temp file's 0600 */
    assert_int_equal(cb_write_file(path, parts, 1, &err), CB_OK);
    assert_content(path, "one ");
    assert_int_equal(cb_write_file(path, NULL, 0, &err), CB_OK);
    assert_content(path, "");
    assert_int_equal(count_files(*state, 1), 1);
}

static void test_failed_write_keeps_the_file(void **state)
{
    char path[1024];
    snprintf(path, sizeof path, "%s", in_folder(state, "f"));
    struct cb_bytes old = text_bytes("old"), large = {calloc(1, 100000), 100000};
    struct cb_error err;
    assert_int_equal(cb_write_file(path, &old, 1, &err), CB_OK);

    /* A limit on the size of files stands for a full disk. */
    struct rlimit before;
    getrlimit(RLIMIT_FSIZE, &before);
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &(struct rlimit){50000, before.rlim_max});
    const enum cb_status status = cb_write_file(path, &large, 1, &err);
    setrlimit(RLIMIT_FSIZE, &before);
    assert_int_equal(status, CB_IO_ERROR);
    assert_non_null(strstr(err.text, "File too large"));
    assert_content(path, "old");
    assert_int_equal(count_files(*state, 0), 1); /* no temp file */

    fsync_fails = 1; /* a disk that breaks */
    assert_int_equal(cb_write_file(path, &large, 1, &err), CB_IO_ERROR);
    fsync_fails = 0;
    assert_non_null(strstr(err.text, "fsync failed"));
    assert_content(path, "old");
    assert_int_equal(count_files(*state, 0), 1);

    /* The rename fails: the target is a folder. */
    char folder[1100];
    snprintf(folder, sizeof folder, "%s/d", (const char *)*state);
    assert_int_equal(mkdir(folder, 0777), 0);
    assert_int_equal(cb_write_file(folder, &large, 1, &err), CB_IO_ERROR);
    assert_int_equal(rmdir(folder), 0);
    assert_int_equal(cb_write_file("/proc/f", &old, 1, &err),
                     CB_IO_ERROR); /* nothing can be created there, not even by root */
    assert_int_equal(cb_write_file(in_folder(state, "no/f"), &old, 1, &err), CB_IO_ERROR);
    assert_int_equal(count_files(*state, 1), 1);
    free(large.data);
}

static void test_read_file(void **state)
{
    struct cb_bytes bytes;
    struct cb_error err;
    const char *path = in_folder(state, "f");
    const struct cb_bytes ten = text_bytes("0123456789");
    assert_int_equal(cb_write_file(path, &ten, 1, &err), CB_OK);
    assert_int_equal(cb_read_file(&bytes, path, 9, &err), CB_BAD_INPUT);
    assert_int_equal(cb_read_file(&bytes, path, 10, &err), CB_OK);
    free(bytes.data);
    assert_int_equal(cb_read_file(&bytes, "/dev/zero", 100000, &err), CB_BAD_INPUT);
    assert_int_equal(cb_read_file(&bytes, "/dev/null", 100000, &err), CB_OK);
    assert_int_equal(bytes.len, 0);
    free(bytes.data);
    assert_int_equal(cb_read_file(&bytes, *state, 10, &err), CB_BAD_INPUT);
    assert_non_null(strstr(err.text, "folder"));
    assert_int_equal(cb_read_file(&bytes, in_folder(state, "missing"), 10, &err), CB_BAD_INPUT);
    assert_non_null(strstr(err.text, "No such file"));
    count_files(*state, 1);
}

/* Pipes are used where somebody is at the other end, and never waited for; devices are never replaced. */
static void test_pipes_devices_and_links(void **state)
{
    struct cb_bytes bytes;
    struct cb_error err;
    struct cb_safetensors file;
    char pipe_path[1100], link_path[1100], target[1100], nowhere[1100];
    const struct cb_bytes text = text_bytes("text");
    struct stat st;
    snprintf(pipe_path, sizeof pipe_path, "%s/pipe", (const char *)*state);
    snprintf(link_path, sizeof link_path, "%s/link", (const char *)*state);
    snprintf(target, sizeof target, "%s/target", (const char *)*state);
    snprintf(nowhere, sizeof nowhere, "%s/nowhere", (const char *)*state);
    assert_int_equal(mkfifo(pipe_path, 0600), 0);
    assert_int_equal(cb_read_file(&bytes, pipe_path, 10, &err), CB_BAD_INPUT);
    assert_non_null(strstr(err.text, "nothing comes"));
    assert_int_equal(cb_write_file(pipe_path, &text, 1, &err), CB_IO_ERROR);
    assert_non_null(strstr(err.text, "nobody reads"));
    assert_int_equal(cb_safetensors_read(&file, pipe_path, &err), CB_BAD_INPUT);
    assert_non_null(strstr(err.text, "regular file"));
    const int other_end = open(pipe_path, O_RDWR);
    assert_true(other_end >= 0);
    assert_int_equal(cb_write_file(pipe_path, &text, 1, &err), CB_OK);
    char got[8] = "";
    assert_int_equal(read(other_end, got, sizeof got), 4);
    assert_string_equal(got, "text");
    close(other_end);
    assert_true(!stat(pipe_path, &st) && S_ISFIFO(st.st_mode));

    /* A pipe as <(command) gives it. */
    int ends[2];
    char given[64];
    assert_int_equal(pipe(ends), 0);
    snprintf(given, sizeof given, "/dev/fd/%d", ends[0]);
    assert_int_equal(write(ends[1], "given", 5), 5);
    close(ends[1]);
    assert_int_equal(cb_read_file(&bytes, given, 10, &err), CB_OK);
    assert_int_equal(bytes.len, 5);
    assert_memory_equal(bytes.data, "given", 5);
    free(bytes.data);
    close(ends[0]);

    /* A device: any terminal's, so that nothing of the system is at risk. */
    const int terminal = posix_openpt(O_RDWR | O_NOCTTY);
    if (terminal >= 0 && !grantpt(terminal) && !unlockpt(terminal)) {
        const char *device = ptsname(terminal);
        assert_int_equal(cb_write_file(device, &text, 1, &err), CB_OK);
        assert_true(!lstat(device, &st) && S_ISCHR(st.st_mode));
    }
    if (terminal >= 0) close(terminal);

    /* A link: what it leads to is replaced, and it stays. */
    assert_int_equal(put_file(target, "old", 3), 0);
    assert_int_equal(symlink("target", link_path), 0);
    assert_int_equal(cb_write_file(link_path, &text, 1, &err), CB_OK);
    assert_content(target, "text");
    assert_true(!lstat(link_path, &st) && S_ISLNK(st.st_mode));
    assert_int_equal(symlink("missing", nowhere), 0);
    assert_int_equal(cb_write_file(nowhere, &text, 1, &err), CB_IO_ERROR);
    assert_non_null(strstr(err.text, "leads nowhere"));
    assert_int_equal(count_files(*state, 1), 4);
}

/* Files that would keep the reader busy, or ask for gigabytes, are refused by their beginning and their size. */
static void test_large_files(void **state)
{
    struct cb_safetensors file;
    struct cb_error err;
    const char *path = in_folder(state, "large");
    uint64_t prefix[2] = {4000001, 0};
    assert_int_equal(put_file(path, prefix, sizeof prefix), 0);
    assert_int_equal(truncate(path, (off_t)1 << 40), 0); /* a hole */
    assert_int_equal(cb_safetensors_read(&file, path, &err), CB_BAD_INPUT);
    assert_non_null(strstr(err.text, "header of 4000001 bytes, at most 4000000"));
    prefix[0] = 100;
    assert_int_equal(put_file(path, prefix, sizeof prefix), 0);
    assert_int_equal(truncate(path, (off_t)1 << 40), 0);
    assert_int_equal(cb_safetensors_read(&file, path, &err), CB_BAD_INPUT);
    assert_non_null(strstr(err.text, "has 1099511627776 bytes"));
    assert_int_equal(count_files(*state, 1), 1);
    assert_int_equal(cb_safetensors_read(&file, "/dev/zero", &err), CB_BAD_INPUT);
    assert_non_null(strstr(err.text, "regular file"));

    static char header[4000000];
    size_t len = (size_t)snprintf(header, sizeof header, "{\"t\":0");
    for (int i = 0; i < 2000; i++)
        len += (size_t)snprintf(header + len, sizeof header - len, ",\"layer1.%d.conv1.weight\":0", i);
    snprintf(header + len, sizeof header - len, "}");
    refused(header, 0, "2001 tensors, at most 2000");
}

/* jansson's memory: the n-th request from now on fails. */
static long until_failure = -1;

static void *failing_malloc(size_t bytes)
{
    if (until_failure < 0 || until_failure--) return malloc(bytes);
    errno = ENOMEM;
    return NULL;
}

/* Whatever request fails, what is written can be read: json_dumps does not always say that it lacked memory. */
static void test_writing_without_memory(void **state)
{
    static const float f[2] = {1, 2};
    struct cb_tensor tensors[3];
    char names[3][200], path[1024];
    for (size_t i = 0; i < 3; i++) {
        snprintf(names[i], sizeof names[i], "%zu%0*d", i, 180, 0);
        tensors[i] = (struct cb_tensor){
            .name = names[i], .dtype = CB_DTYPE_F32, .rank = 1, .dims = {2}, .len = 2, .bytes = 8, .data = f};
    }
    const struct cb_metadata metadata = {"key", "value"};
    snprintf(path, sizeof path, "%s", in_folder(state, "t"));
    json_set_alloc_funcs(failing_malloc, free);
    size_t failures = 0;
    for (long n = 0;; n++) {
        struct cb_error err;
        until_failure = n;
        const enum cb_status status = cb_safetensors_write(path, tensors, 3, &metadata, 1, &err);
        const int met = until_failure < 0;
        until_failure = -1;
        if (status) {
            assert_int_equal(status, CB_NO_MEMORY);
            assert_non_null(strstr(err.text, "out of memory"));
            assert_int_equal(count_files(*state, 0), 0);
            failures++;
            continue;
        }
        struct cb_safetensors file;
        if (cb_safetensors_read(&file, path, &err)) fail_msg("request %ld: %s", n, err.text);
        assert_int_equal(file.tensors, 3);
        assert_string_equal(cb_safetensors_metadata(&file, "key"), "value");
        cb_safetensors_free(&file);
        count_files(*state, 1);
        if (!met) break;
    }
    json_set_alloc_funcs(malloc, free);
    assert_true(failures > 20);
}

static void test_sha256(void **state)
{
    (void)state;
    char hex[CB_SHA256_HEX];
    assert_int_equal(cb_sha256_hex("abc", 3, hex, NULL), CB_OK); /* FIPS 180-2 */
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_int_equal(cb_sha256_hex("", 0, hex, NULL), CB_OK);
    assert_string_equal(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse),
        cmocka_unit_test(test_every_truncation),
        cmocka_unit_test(test_every_bit_flip),
        cmocka_unit_test(test_attacks),
        cmocka_unit_test_setup_teardown(test_round_trip, make_temp_folder, remove_temp_folder),
        cmocka_unit_test_setup_teardown(test_write_refuses, make_temp_folder, remove_temp_folder),
        cmocka_unit_test_setup_teardown(test_reference_bytes, make_temp_folder, remove_temp_folder),
        cmocka_unit_test_setup_teardown(test_foreign_files, make_temp_folder, remove_temp_folder),
        cmocka_unit_test_setup_teardown(test_write_file, make_temp_folder, remove_temp_folder),
        cmocka_unit_test_setup_teardown(test_failed_write_keeps_the_file, make_temp_folder, remove_temp_folder),
        cmocka_unit_test_setup_teardown(test_read_file, make_temp_folder, remove_temp_folder),
        cmocka_unit_test_setup_teardown(test_pipes_devices_and_links, make_temp_folder, remove_temp_folder),
        cmocka_unit_test_setup_teardown(test_large_files, make_temp_folder, remove_temp_folder),
        cmocka_unit_test_setup_teardown(test_writing_without_memory, make_temp_folder, remove_temp_folder),
        cmocka_unit_test(test_sha256),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("safetensors", tests, NULL, NULL);
}
