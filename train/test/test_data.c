/* Reader, archive, identity and source. The official images are looked at if $CYCLEBENCH_DATA leads to them. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <archive.h>
#include <archive_entry.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "data/data.h"

enum { RECORD = 1 + CB_IMAGE_PIXELS, RECORD_100 = 2 + CB_IMAGE_PIXELS };
#define CIFAR10 (&cb_datasets[CB_CIFAR10])
#define CIFAR100 (&cb_datasets[CB_CIFAR100])
static char scratch[] = "/tmp/cyclebench-test-data-XXXXXX", start_folder[PATH_MAX];
static char *given_data;

/* --- helpers --- */
static uint32_t random_state = 1;

static uint32_t next_random(void) /* xorshift32: independent of what is tested */
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 17;
    return random_state ^= random_state << 5;
}

/* Exactly len bytes, so that a sanitizer sees a read past the end. */
static uint8_t *random_records(size_t len)
{
    uint8_t *bytes = malloc(len ? len : 1);
    assert_non_null(bytes);
    for (size_t i = 0; i < len; i++) bytes[i] = (uint8_t)(i % RECORD == 0 ? next_random() % 10 : next_random());
    return bytes;
}

static const char *in_scratch(const char *name)
{
    static char path[4][PATH_MAX];
    static unsigned turn;
    char *out = path[turn++ % 4];
    snprintf(out, PATH_MAX, "%s/%s", scratch, name);
    return out;
}

static void write_file(const char *path, const void *bytes, size_t len)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
}

static void assert_mentions(const struct cb_error *err, const char *text)
{
    if (!strstr(err->text, text)) fail_msg("\"%s\" does not mention \"%s\"", err->text, text);
}

/* --- reader --- */
static void parse_keeps_records(void **state)
{
    (void)state;
    struct cb_images images = {0};
    uint8_t *bytes = random_records(3 * RECORD);
    assert_int_equal(cb_cifar_parse(&images, CIFAR10, bytes, RECORD, "a", NULL), CB_OK);
    assert_int_equal(cb_cifar_parse(&images, CIFAR10, bytes + RECORD, 2 * RECORD, "b", NULL), CB_OK);
    assert_int_equal(images.n, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(images.labels[i], bytes[i * RECORD]);
        assert_memory_equal(images.pixels + i * CB_IMAGE_PIXELS, bytes + i * RECORD + 1, CB_IMAGE_PIXELS);
    }
    cb_images_free(&images);
    cb_images_free(&images);
    assert_null(images.pixels);
    free(bytes);
}

static void parse_refuses_every_truncation(void **state)
{
    (void)state;
    uint8_t *whole = random_records(3 * RECORD);
    for (size_t len = 0; len <= 3 * RECORD; len++) {
        struct cb_images images = {0};
        struct cb_error err = {""};
        uint8_t *bytes = malloc(len ? len : 1);
        memcpy(bytes, whole, len);
        enum cb_status status = cb_cifar_parse(&images, CIFAR10, bytes, len, "cut.bin", &err);
        if (len > 0 && len % RECORD == 0) {
            assert_int_equal(status, CB_OK);
            assert_int_equal(images.n, len / RECORD);
        } else {
            char got[64];
            snprintf(got, sizeof got, "got %zu bytes", len);
            assert_int_equal(status, CB_BAD_INPUT);
            assert_int_equal(images.n, 0);
            assert_mentions(&err, "cut.bin");
            assert_mentions(&err, got);
        }
        cb_images_free(&images);
        free(bytes);
    }
    free(whole);
}

static void parse_refuses_labels_above_nine(void **state)
{
    (void)state;
    for (size_t record = 0; record < 4; record++) {
        for (unsigned label = 10; label < 256; label++) {
            struct cb_images images = {0};
            struct cb_error err = {""};
            char where[96];
            uint8_t *bytes = random_records(4 * RECORD);
            assert_int_equal(cb_cifar_parse(&images, CIFAR10, bytes, RECORD, "good", &err), CB_OK);
            bytes[record * RECORD] = (uint8_t)label;
            assert_int_equal(cb_cifar_parse(&images, CIFAR10, bytes, 4 * RECORD, "bad.bin", &err), CB_BAD_INPUT);
            assert_int_equal(images.n, 1);
            snprintf(where, sizeof where, "bad.bin: record %zu at byte %zu has label %u", record, record * RECORD,
                     label);
            assert_mentions(&err, where);
            cb_images_free(&images);
            free(bytes);
        }
    }
}

static void parse_survives_random_bytes(void **state)
{
    (void)state;
    unsigned accepted = 0;
    for (int round = 0; round < 3000; round++) {
        size_t len = round % 3 ? (next_random() % 4 + 1) * RECORD : next_random() % (4 * RECORD);
        uint8_t *bytes = random_records(len);
        if (len && round % 2) bytes[next_random() % len] = (uint8_t)next_random();
        int good = len > 0 && len % RECORD == 0;
        for (size_t at = 0; at < len; at += RECORD) good = good && bytes[at] <= 9;
        struct cb_images images = {0};
        struct cb_error err;
        assert_int_equal(cb_cifar_parse(&images, CIFAR10, bytes, len, "fuzz", &err), good ? CB_OK : CB_BAD_INPUT);
        assert_int_equal(images.n, good ? len / RECORD : 0);
        accepted += (unsigned)good;
        cb_images_free(&images);
        free(bytes);
    }
    assert_in_range(accepted, 500, 2500);
}

static void read_follows_the_names(void **state)
{
    (void)state;
    const char *names[] = {"data_batch_2.bin", "data_batch_1.bin"},
               *missing[] = {"data_batch_1.bin", "data_batch_3.bin"};
    struct cb_images images = {0};
    struct cb_error err;
    uint8_t *bytes = random_records(3 * RECORD);
    mkdir(in_scratch("folder"), 0777);
    mkdir(in_scratch("folder/data_batch_5.bin"), 0777);
    write_file(in_scratch("folder/data_batch_1.bin"), bytes, RECORD);
    write_file(in_scratch("folder/data_batch_2.bin"), bytes + RECORD, 2 * RECORD);
    write_file(in_scratch("folder/data_batch_4.bin"), bytes, 100);
    struct cb_data_source source = {.set = CIFAR10};
    snprintf(source.path, sizeof source.path, "%s", in_scratch("folder"));
    assert_int_equal(cb_data_load(&images, &source, names, 2, &err), CB_OK);
    assert_int_equal(images.n, 3);
    assert_memory_equal(images.pixels, bytes + RECORD + 1, CB_IMAGE_PIXELS);
    assert_memory_equal(images.pixels + 2 * CB_IMAGE_PIXELS, bytes + 1, CB_IMAGE_PIXELS);

    assert_int_equal(cb_data_load(&images, &source, missing, 2, &err), CB_BAD_INPUT);
    assert_mentions(&err, "data_batch_3.bin: file missing");
    assert_int_equal(images.n, 3);
    assert_int_equal(cb_data_load(&images, &source, &(const char *){"data_batch_4.bin"}, 1, &err), CB_BAD_INPUT);
    assert_mentions(&err, "data_batch_4.bin: wrong length: got 100 bytes");
    assert_int_equal(cb_data_load(&images, &source, &(const char *){"data_batch_5.bin"}, 1, &err), CB_BAD_INPUT);
    assert_mentions(&err, "is a folder, expected a file");
    assert_int_equal(mkfifo(in_scratch("folder/data_batch_3.bin"), 0600), 0); /* must not wait for a writer */
    assert_int_equal(cb_data_load(&images, &source, missing, 2, &err), CB_BAD_INPUT);
    assert_mentions(&err, "is a pipe from which nothing comes");
    cb_images_free(&images);
    free(bytes);
}

/* --- archive --- */
struct member {
    const char *path;
    const void *bytes;
    size_t len;
    unsigned type;
    const char *link;
};

static void write_archive(const char *path, const struct member *members, size_t count)
{
    struct archive *archive = archive_write_new();
    archive_write_add_filter_gzip(archive);
    archive_write_set_format_ustar(archive);
    assert_int_equal(archive_write_open_filename(archive, path), ARCHIVE_OK);
    for (size_t i = 0; i < count; i++) {
        struct archive_entry *entry = archive_entry_new();
        archive_entry_set_pathname(entry, members[i].path);
        archive_entry_set_size(entry, (la_int64_t)members[i].len);
        archive_entry_set_filetype(entry, members[i].type ? members[i].type : AE_IFREG);
        if (members[i].link && members[i].type) archive_entry_set_symlink(entry, members[i].link);
        if (members[i].link && !members[i].type) archive_entry_set_hardlink(entry, members[i].link);
        archive_entry_set_perm(entry, 0644);
        assert_int_equal(archive_write_header(archive, entry), ARCHIVE_OK);
        if (members[i].bytes) archive_write_data(archive, members[i].bytes, members[i].len);
        archive_entry_free(entry);
    }
    archive_write_close(archive);
    archive_write_free(archive);
}

static enum cb_status load(struct cb_images *images, const char *path, const char *name, struct cb_error *err)
{
    struct cb_data_source source = {.set = CIFAR10, .is_archive = 1};
    snprintf(source.path, sizeof source.path, "%s", path);
    return cb_data_load(images, &source, &name, 1, err);
}

static void archive_equals_folder(void **state)
{
    (void)state;
    uint8_t *bytes = random_records(3 * RECORD);
    const struct member members[] = {
        {.path = "cifar-10-batches-bin/", .type = AE_IFDIR},
        {.path = "cifar-10-batches-bin/readme.html", .bytes = "hello", .len = 5},
        {.path = "cifar-10-batches-bin/data_batch_1.bin", .bytes = bytes, .len = RECORD},
        {.path = "./test_batch.bin", .bytes = bytes + RECORD, .len = 2 * RECORD},
    };
    const char *names[] = {"test_batch.bin", "data_batch_1.bin"};
    struct cb_images images = {0};
    struct cb_error err;
    struct cb_data_source source = {.set = CIFAR10, .is_archive = 1};
    snprintf(source.path, sizeof source.path, "%s", in_scratch("good.tar.gz"));
    write_archive(source.path, members, 4);
    assert_int_equal(cb_data_load(&images, &source, names, 2, &err), CB_OK);
    assert_int_equal(images.n, 3);
    assert_memory_equal(images.pixels, bytes + RECORD + 1, CB_IMAGE_PIXELS);
    assert_memory_equal(images.pixels + 2 * CB_IMAGE_PIXELS, bytes + 1, CB_IMAGE_PIXELS);
    assert_int_equal(load(&images, source.path, "data_batch_2.bin", &err), CB_BAD_INPUT);
    assert_mentions(&err, "data_batch_2.bin: file missing in the archive");
    assert_int_equal(images.n, 3);
    assert_int_equal(load(&images, in_scratch("none.tar.gz"), "data_batch_2.bin", &err), CB_BAD_INPUT);
    assert_mentions(&err, "No such file");
    cb_images_free(&images);
    free(bytes);
}

static void archive_refuses_what_does_not_belong(void **state)
{
    (void)state;
    uint8_t *bytes = random_records(RECORD);
    const struct member good = {.path = "test_batch.bin", .bytes = bytes, .len = RECORD};
    static const struct {
        struct member member;
        const char *reason;
    } bad[] = {
        {{.path = "/etc/test_batch.bin"}, "absolute path"},
        {{.path = "../test_batch.bin"}, "\"..\""},
        {{.path = "cifar-10-batches-bin/../../x"}, "\"..\""},
        {{.path = "a/.."}, "\"..\""},
        {{.path = "other", .type = AE_IFLNK, .link = "/etc/passwd"}, "link or device"},
        {{.path = "cifar-10-batches-bin/test_batch.bin", .type = AE_IFLNK, .link = "/etc/passwd"}, "link or device"},
        {{.path = "other", .link = "/etc/passwd"}, "link or device"},
        {{.path = "pipe", .type = AE_IFIFO}, "link or device"},
    };
    struct cb_images images = {0};
    struct cb_error err;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const struct member both[] = {bad[i].member, good};
        write_archive(in_scratch("bad.tar.gz"), both, 2);
        assert_int_equal(load(&images, in_scratch("bad.tar.gz"), "test_batch.bin", &err), CB_BAD_INPUT);
        assert_mentions(&err, bad[i].reason);
    }
    /* Dots that are no "..": fine. */
    const struct member dots[] = {{.path = "..a/b..", .bytes = "x", .len = 1}, good};
    write_archive(in_scratch("dots.tar.gz"), dots, 2);
    assert_int_equal(load(&images, in_scratch("dots.tar.gz"), "test_batch.bin", &err), CB_OK);
    const struct member twice[] = {good, good, {.path = "data_batch_1.bin", .bytes = bytes, .len = RECORD}};
    const char *names[] = {"test_batch.bin", "data_batch_1.bin"};
    struct cb_data_source source = {.set = CIFAR10, .is_archive = 1};
    snprintf(source.path, sizeof source.path, "%s", in_scratch("twice.tar.gz"));
    write_archive(source.path, twice, 3);
    assert_int_equal(cb_data_load(&images, &source, names, 2, &err), CB_BAD_INPUT);
    assert_mentions(&err, "twice");
    cb_images_free(&images);
    free(bytes);
}

/* A tar header of 512 bytes; size in octal. */
static void tar_header(char header[512], const char *name, const char *size)
{
    unsigned sum = 0;
    memset(header, 0, 512);
    snprintf(header, 100, "%s", name);
    memcpy(header + 100, "0000644", 8);
    snprintf(header + 124, 12, "%s", size);
    memcpy(header + 148, "        0", 9);
    memcpy(header + 257, "ustar\00000", 8);
    for (size_t i = 0; i < 512; i++) sum += (unsigned char)header[i];
    snprintf(header + 148, 8, "%06o", sum);
}

/* Headers alone: refused by their word. */
static void archive_refuses_a_giant(void **state)
{
    (void)state;
    enum { SIZE = 1 << 28 };
    char header[1024] = "";
    struct cb_images images = {0};
    struct cb_error err;
    tar_header(header, "test_batch.bin", "77777777777");
    write_file(in_scratch("giant.tar"), header, sizeof header);
    assert_int_equal(load(&images, in_scratch("giant.tar"), "test_batch.bin", &err), CB_BAD_INPUT);
    assert_mentions(&err, "says it has 8589934591 bytes, expected at most");
    /* Two members of 256 MiB, each of which might be a CIFAR file; the first is a hole. */
    tar_header(header, "first", "2000000000");
    tar_header(header + 512, "second", "2000000000");
    FILE *file = fopen(in_scratch("giants.tar"), "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(header, 1, 512, file), 512);
    assert_int_equal(fseek(file, SIZE, SEEK_CUR), 0);
    assert_int_equal(fwrite(header + 512, 1, 512, file), 512);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(load(&images, in_scratch("giants.tar"), "test_batch.bin", &err), CB_BAD_INPUT);
    assert_mentions(&err, "its members have more than 400000000 bytes");
    assert_null(images.pixels);
}

static void archive_refuses_truncation_and_damage(void **state)
{
    (void)state;
    static uint8_t file[1 << 16];
    uint8_t *bytes = random_records(2 * RECORD);
    const struct member members[] = {{.path = "test_batch.bin", .bytes = bytes, .len = 2 * RECORD}};
    write_archive(in_scratch("whole.tar.gz"), members, 1);
    FILE *stream = fopen(in_scratch("whole.tar.gz"), "rb");
    size_t len = fread(file, 1, sizeof file, stream);
    fclose(stream);
    struct cb_error err;
    for (size_t cut = 0; cut < len; cut += cut + 64 < len ? 31 : 1) {
        struct cb_images images = {0};
        write_file(in_scratch("cut.tar.gz"), file, cut);
        assert_int_equal(load(&images, in_scratch("cut.tar.gz"), "test_batch.bin", &err), CB_BAD_INPUT);
        assert_mentions(&err, "cut.tar.gz: ");
        assert_int_equal(images.n, 0);
        cb_images_free(&images);
    }
    /* Every byte that is hurt is noticed, but for what gzip's header says of time and operating system. */
    for (size_t at = 0; at < len; at += at < 32 || at + 32 > len ? 1 : 1 + next_random() % 64) {
        struct cb_images images = {0};
        uint8_t before = file[at];
        file[at] ^= (uint8_t)(1 << next_random() % 8);
        write_file(in_scratch("hurt.tar.gz"), file, len);
        enum cb_status status = load(&images, in_scratch("hurt.tar.gz"), "test_batch.bin", &err);
        if (status == CB_OK) {
            assert_in_range(at, 3, 9);
            assert_memory_equal(images.pixels, bytes + 1, CB_IMAGE_PIXELS);
        }
        file[at] = before;
        cb_images_free(&images);
    }
    struct cb_images images = {0};
    write_file(in_scratch("more.tar.gz"), file, len + 1); /* a byte after the end */
    assert_int_equal(load(&images, in_scratch("more.tar.gz"), "test_batch.bin", &err), CB_BAD_INPUT);
    free(bytes);
}

/* What lies behind the wanted members counts, too. */
static void archive_is_read_to_its_end(void **state)
{
    (void)state;
    static const char path[] = "behind.tar.gz";
    uint8_t *bytes = random_records(RECORD);
    const struct member good = {.path = "test_batch.bin", .bytes = bytes, .len = RECORD};
    struct member members[22] = {good, {.path = "other", .type = AE_IFLNK, .link = "/etc/passwd"}};
    struct cb_images images = {0};
    struct cb_error err;
    write_archive(in_scratch(path), members, 2);
    assert_int_equal(load(&images, in_scratch(path), "test_batch.bin", &err), CB_BAD_INPUT);
    assert_mentions(&err, "link or device");
    members[1] = good;
    write_archive(in_scratch(path), members, 2);
    assert_int_equal(load(&images, in_scratch(path), "test_batch.bin", &err), CB_BAD_INPUT);
    assert_mentions(&err, "twice");
    for (size_t i = 1; i < 22; i++) members[i] = (struct member){.path = "x", .bytes = "x", .len = 1};
    write_archive(in_scratch(path), members, 20);
    assert_int_equal(load(&images, in_scratch(path), "test_batch.bin", &err), CB_OK);
    write_archive(in_scratch(path), members, 22);
    assert_int_equal(load(&images, in_scratch(path), "test_batch.bin", &err), CB_BAD_INPUT);
    assert_mentions(&err, "more than 20 members");
    cb_images_free(&images);
    free(bytes);
}

/* --- identity --- */

/* Writes the images as a file of the format. */
static void write_images(const char *path, const struct cb_images *images)
{
    uint8_t *bytes = malloc(images->n * RECORD);
    assert_non_null(bytes);
    for (size_t i = 0; i < images->n; i++) {
        bytes[i * RECORD] = images->labels[i];
        memcpy(bytes + i * RECORD + 1, images->pixels + i * CB_IMAGE_PIXELS, CB_IMAGE_PIXELS);
    }
    write_file(path, bytes, images->n * RECORD);
    free(bytes);
}

static enum cb_data_kind kind_of(const struct cb_data_source *source, const char *const *names, size_t count)
{
    struct cb_images images = {0};
    assert_int_equal(cb_data_load(&images, source, names, count, NULL), CB_OK);
    enum cb_data_kind kind = images.kind;
    cb_images_free(&images);
    return kind;
}

static void kind_is_that_of_the_bytes(void **state)
{
    (void)state;
    static const char *const names[] = {"data_batch_1.bin", "test_batch.bin", "data_batch_2.bin", "test_batch.bin"};
    struct cb_images drawn = {0};
    struct cb_data_source source = {.set = CIFAR10};
    uint8_t *bytes = random_records(3 * RECORD);
    snprintf(source.path, sizeof source.path, "%s", in_scratch("kinds"));
    mkdir(source.path, 0777);
    for (size_t i = 0; i < 2; i++) {
        char path[PATH_MAX];
        snprintf(path, sizeof path, "%.4000s/%s", source.path, names[i]);
        assert_int_equal(cb_synthetic_file(&drawn, names[i], 3, NULL), CB_OK);
        write_images(path, &drawn);
        cb_images_free(&drawn);
    }
    write_file(in_scratch("kinds/data_batch_2.bin"), bytes, 3 * RECORD);
    assert_int_equal(kind_of(&source, names, 1), CB_DATA_SYNTHETIC);
    assert_int_equal(kind_of(&source, names, 2), CB_DATA_SYNTHETIC);
    assert_int_equal(kind_of(&source, names, 3), CB_DATA_OTHER);     /* one foreign file among them, */
    assert_int_equal(kind_of(&source, names + 2, 2), CB_DATA_OTHER); /* wherever it stands */
    assert_int_equal(kind_of(&source, names + 2, 1), CB_DATA_OTHER);
    assert_int_equal(cb_data_kind_of_both(CB_DATA_OFFICIAL, CB_DATA_OFFICIAL), CB_DATA_OFFICIAL);
    assert_int_equal(cb_data_kind_of_both(CB_DATA_OFFICIAL, CB_DATA_SYNTHETIC), CB_DATA_OTHER);
    assert_string_equal(cb_data_kind_name(CB_DATA_OFFICIAL), "official");
    assert_string_equal(cb_data_kind_name(CB_DATA_SYNTHETIC), "synthetic");
    assert_string_equal(cb_data_kind_name((struct cb_images){0}.kind), "other");
    free(bytes);
}

/* Computed with Python: hashlib.sha256(bytes([3, 7]) + bytes(i % 251 for i in range(2 * 3072))). */
static void sha256_is_of_labels_then_pixels(void **state)
{
    (void)state;
    static uint8_t labels[2] = {3, 7}, pixels[2 * CB_IMAGE_PIXELS];
    char hex[65];
    for (size_t i = 0; i < sizeof pixels; i++) pixels[i] = (uint8_t)(i % 251);
    const struct cb_images images = {.n = 2, .labels = labels, .pixels = pixels};
    assert_int_equal(cb_images_sha256(&images, hex, NULL), CB_OK);
    assert_string_equal(hex, "06f0f0f328a16fff6d34f520b6d561183d2134a0daab45269346610f1e309be7");
}

/* --- the rows of the table, and CIFAR-100 --- */

static void rows_agree_with_themselves(void **state)
{
    (void)state;
    for (size_t i = 0; i < CB_DATASETS; i++) {
        const struct cb_dataset *set = &cb_datasets[i];
        assert_ptr_equal(cb_dataset_find(set->name), set);
        assert_ptr_equal(cb_dataset_of_classes(set->classes), set);
        assert_in_range(set->files, 2, CB_DATASET_MAX_FILES);
        assert_in_range(set->classes, 2, CB_MAX_CLASSES);
        size_t records = 0;
        for (size_t f = 0; f < set->files; f++) {
            assert_int_equal(strspn(set->file[f].sha256, "0123456789abcdef"), 64);
            assert_int_equal(strlen(set->file[f].sha256), 64);
            records += set->file[f].records;
        }
        assert_int_equal(records, 60000);
        assert_non_null(strstr(set->addresses[0], set->archive));
    }
    assert_null(cb_dataset_find("cifar"));
    assert_null(cb_dataset_of_classes(11));
    char files[CB_FILES_TEXT];
    cb_dataset_train_files(CIFAR100, files);
    assert_string_equal(files, "train.bin");
    assert_string_equal(cb_dataset_test_file(CIFAR100), "test.bin");
}

/* Records of CIFAR-100's form: coarse and fine label. */
static uint8_t *records_100(size_t n)
{
    uint8_t *bytes = random_records(n * RECORD_100);
    for (size_t i = 0; i < n; i++) {
        bytes[i * RECORD_100] = (uint8_t)(next_random() % 20);
        bytes[i * RECORD_100 + 1] = (uint8_t)(i ? next_random() % 100 : 99);
    }
    return bytes;
}

static void cifar100_takes_the_fine_label(void **state)
{
    (void)state;
    struct cb_images images = {0};
    struct cb_error err = {""};
    uint8_t *bytes = records_100(5);
    assert_int_equal(cb_cifar_parse(&images, CIFAR100, bytes, 5 * RECORD_100, "a", &err), CB_OK);
    assert_int_equal(images.n, 5);
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(images.labels[i], bytes[i * RECORD_100 + 1]);
        assert_memory_equal(images.pixels + i * CB_IMAGE_PIXELS, bytes + i * RECORD_100 + 2, CB_IMAGE_PIXELS);
    }
    bytes[3 * RECORD_100 + 1] = 100;
    assert_int_equal(cb_cifar_parse(&images, CIFAR100, bytes, 5 * RECORD_100, "bad.bin", &err), CB_BAD_INPUT);
    assert_mentions(&err, "bad.bin: record 3 at byte 9222 has label 100, expected 0 to 99");
    assert_int_equal(cb_cifar_parse(&images, CIFAR100, bytes, 5 * RECORD_100 - 1, "cut.bin", &err), CB_BAD_INPUT);
    assert_mentions(&err, "--set cifar100");
    /* A file of one set is none of the other. */
    assert_int_equal(cb_cifar_parse(&images, CIFAR10, bytes, 5 * RECORD_100, "other.bin", &err), CB_BAD_INPUT);
    assert_int_equal(cb_cifar_parse(&images, CIFAR100, bytes, 5 * RECORD, "other.bin", &err), CB_BAD_INPUT);
    assert_int_equal(images.n, 5);
    cb_images_free(&images);
    free(bytes);
}

static void cifar100_is_found_loaded_and_verified(void **state)
{
    (void)state;
    struct cb_data_source source;
    struct cb_file_check checks[CB_DATASET_MAX_FILES];
    struct cb_images images = {0};
    struct cb_error err = {""};
    uint8_t *bytes = records_100(5);
    const char *names[] = {"test.bin", "train.bin"};
    mkdir(in_scratch("hundred"), 0777);
    mkdir(in_scratch("hundred/cifar-100-binary"), 0777);
    assert_int_equal(cb_data_find(&source, CIFAR100, in_scratch("hundred"), &err), CB_BAD_INPUT);
    assert_mentions(&err, "no CIFAR-100 in");
    write_file(in_scratch("hundred/cifar-100-binary/train.bin"), bytes, 3 * RECORD_100);
    write_file(in_scratch("hundred/cifar-100-binary/test.bin"), bytes + 3 * RECORD_100, 2 * RECORD_100);
    assert_int_equal(cb_data_find(&source, CIFAR10, in_scratch("hundred"), &err), CB_BAD_INPUT);
    assert_int_equal(cb_data_find(&source, CIFAR100, in_scratch("hundred"), &err), CB_OK);
    assert_int_equal(cb_data_load(&images, &source, names, 2, &err), CB_OK);
    assert_int_equal(images.n, 5);
    assert_int_equal(images.labels[2], 99); /* of train.bin's first record */
    assert_int_equal(images.kind, CB_DATA_OTHER);
    assert_int_equal(cb_data_verify(checks, &source, &err), CB_OK);
    assert_int_equal(checks[0].state, CB_FILE_WRONG_LENGTH);
    assert_int_equal(checks[1].bytes, 2 * RECORD_100);

    const struct member members[] = {
        {.path = "cifar-100-binary/fine_label_names.txt", .bytes = "apple", .len = 5},
        {.path = "cifar-100-binary/train.bin", .bytes = bytes, .len = 3 * RECORD_100},
    };
    write_archive(in_scratch("hundred/cifar-100-binary.tar.gz"), members, 2);
    assert_int_equal(cb_data_find(&source, CIFAR100, in_scratch("hundred/cifar-100-binary.tar.gz"), &err), CB_OK);
    assert_int_equal(cb_data_load(&images, &source, names + 1, 1, &err), CB_OK);
    assert_int_equal(images.n, 8);
    assert_int_equal(cb_data_verify(checks, &source, &err), CB_OK);
    assert_int_equal(checks[1].state, CB_FILE_MISSING);

    /* The right length is not enough. */
    uint8_t *zeros = calloc(10000, RECORD_100);
    assert_non_null(zeros);
    assert_int_equal(cb_official_check(&checks[1], CIFAR100, 1, zeros, 10000 * (size_t)RECORD_100, &err), CB_OK);
    assert_int_equal(checks[1].state, CB_FILE_WRONG_SHA256);
    free(zeros);
    cb_images_free(&images);
    free(bytes);
}

/* --- source --- */
static void find_looks_where_it_says(void **state)
{
    (void)state;
    struct cb_data_source source;
    struct cb_error err;
    char path[PATH_MAX];
    uint8_t *bytes = random_records(RECORD);
    mkdir(in_scratch("empty"), 0777);
    mkdir(in_scratch("home"), 0777);
    mkdir(in_scratch("home/.cache"), 0777);
    mkdir(in_scratch("home/.cache/cyclebench"), 0777);
    assert_int_equal(chdir(in_scratch("empty")), 0);
    setenv("HOME", in_scratch("home"), 1);
    unsetenv("XDG_CACHE_HOME");
    unsetenv("CYCLEBENCH_DATA");

    assert_int_equal(cb_data_find(&source, CIFAR10, NULL, &err), CB_UNAVAILABLE);
    assert_mentions(&err, "cyclebench data fetch");
    assert_mentions(&err, in_scratch("home/.cache/cyclebench"));

    mkdir(in_scratch("home/.cache/cyclebench/cifar-10-batches-bin"), 0777);
    assert_int_equal(cb_data_find(&source, CIFAR10, NULL, &err), CB_UNAVAILABLE); /* the folder alone is no data */
    write_file(in_scratch("home/.cache/cyclebench/cifar-10-batches-bin/test_batch.bin"), bytes, RECORD);
    assert_int_equal(cb_data_find(&source, CIFAR10, NULL, &err), CB_OK);
    assert_false(source.is_archive);
    assert_string_equal(source.path, in_scratch("home/.cache/cyclebench/cifar-10-batches-bin"));
    setenv("XDG_CACHE_HOME", in_scratch("empty"), 1);
    assert_int_equal(cb_data_find(&source, CIFAR10, NULL, &err), CB_UNAVAILABLE);
    setenv("XDG_CACHE_HOME", "relative", 1); /* invalid by the specification: ignored */
    assert_int_equal(cb_data_find(&source, CIFAR10, NULL, &err), CB_OK);

    /* Data that cannot be examined are no missing data: here a link that leads to itself. */
    mkdir(in_scratch("looped"), 0777);
    mkdir(in_scratch("looped/cyclebench"), 0777);
    assert_int_equal(symlink("cifar-10-batches-bin", in_scratch("looped/cyclebench/cifar-10-batches-bin")), 0);
    setenv("XDG_CACHE_HOME", in_scratch("looped"), 1);
    assert_int_equal(cb_data_find(&source, CIFAR10, NULL, &err), CB_IO_ERROR);
    assert_mentions(&err, "cannot be examined");
    assert_int_equal(cb_data_find(&source, CIFAR10, in_scratch("looped/cyclebench"), &err), CB_IO_ERROR);
    setenv("XDG_CACHE_HOME", "relative", 1);

    setenv("CYCLEBENCH_DATA", in_scratch("empty"), 1); /* set, without data: an error, not skipped */
    assert_int_equal(cb_data_find(&source, CIFAR10, NULL, &err), CB_BAD_INPUT);
    assert_mentions(&err, "$CYCLEBENCH_DATA");
    setenv("CYCLEBENCH_DATA", in_scratch("home/.cache/cyclebench/cifar-10-batches-bin"), 1);
    assert_int_equal(cb_data_find(&source, CIFAR10, NULL, &err), CB_OK);
    assert_false(source.is_archive);

    mkdir(in_scratch("holds"), 0777);
    snprintf(path, sizeof path, "%s", in_scratch("holds/cifar-10-binary.tar.gz"));
    write_file(path, "x", 1);
    assert_int_equal(cb_data_find(&source, CIFAR10, in_scratch("holds"), &err), CB_OK);
    assert_true(source.is_archive);
    assert_string_equal(source.path, path);
    assert_int_equal(cb_data_find(&source, CIFAR10, path, &err), CB_OK);
    assert_true(source.is_archive);
    assert_int_equal(cb_data_find(&source, CIFAR10, in_scratch("nowhere"), &err), CB_BAD_INPUT);
    assert_mentions(&err, "--data");
    assert_mentions(&err, "No such file");
    assert_int_equal(cb_data_find(&source, CIFAR10, in_scratch("empty"), &err), CB_BAD_INPUT);
    assert_mentions(&err, "no CIFAR-10 in");

    unsetenv("CYCLEBENCH_DATA");
    unsetenv("XDG_CACHE_HOME");
    unsetenv("HOME");
    assert_int_equal(cb_data_cache_folder(path, sizeof path, &err), CB_UNAVAILABLE);
    setenv("HOME", "/x", 1);
    assert_int_equal(cb_data_cache_folder(path, sizeof path, &err), CB_OK);
    assert_string_equal(path, "/x/.cache/cyclebench");
    assert_int_equal(cb_data_cache_folder(path, 8, &err), CB_BAD_INPUT);
    assert_int_equal(chdir(start_folder), 0);
    free(bytes);
}

static void official_first_images(void **state)
{
    (void)state;
    struct cb_data_source source;
    const char *names[] = {"data_batch_1.bin", "test_batch.bin"};
    static const uint8_t train_labels[8] = {6, 9, 9, 4, 1, 1, 2, 7}, test_labels[8] = {3, 8, 8, 0, 6, 6, 1, 6};
    static const uint8_t first_pixels[8] = {59, 43, 50, 68, 98, 119, 139, 145};
    if (!given_data) {
        print_message("# SKIP official_first_images: [cifar10] CYCLEBENCH_DATA is not set\n");
        skip();
    }
    struct cb_images images = {0};
    struct cb_error err = {""};
    assert_int_equal(cb_data_find(&source, CIFAR10, given_data, &err), CB_OK);
    assert_int_equal(cb_data_load(&images, &source, names, 2, &err), CB_OK);
    assert_int_equal(images.n, 20000);
    assert_int_equal(images.kind, CB_DATA_OFFICIAL);
    assert_memory_equal(images.labels, train_labels, 8);
    assert_memory_equal(images.pixels, first_pixels, 8);
    assert_memory_equal(images.labels + 10000, test_labels, 8);
    size_t of_class[10] = {0};
    for (size_t i = 10000; i < 20000; i++) of_class[images.labels[i]]++;
    for (size_t i = 0; i < 10; i++) assert_int_equal(of_class[i], 1000);
    cb_images_free(&images);

    /* One bit of the official test file, or another name for it, and it is not official. */
    enum cb_data_kind kind;
    struct cb_images test = {0};
    assert_int_equal(cb_data_load(&test, &source, names + 1, 1, &err), CB_OK);
    uint8_t *bytes = malloc(test.n * RECORD);
    assert_non_null(bytes);
    for (size_t i = 0; i < test.n; i++) {
        bytes[i * RECORD] = test.labels[i];
        memcpy(bytes + i * RECORD + 1, test.pixels + i * CB_IMAGE_PIXELS, CB_IMAGE_PIXELS);
    }
    assert_int_equal(cb_data_recognise(&kind, CIFAR10, names[1], bytes, test.n * RECORD, &err), CB_OK);
    assert_int_equal(kind, CB_DATA_OFFICIAL);
    assert_int_equal(cb_data_recognise(&kind, CIFAR10, names[0], bytes, test.n * RECORD, &err), CB_OK);
    assert_int_equal(kind, CB_DATA_OTHER);
    bytes[test.n * RECORD - 1] ^= 1;
    assert_int_equal(cb_data_recognise(&kind, CIFAR10, names[1], bytes, test.n * RECORD, &err), CB_OK);
    assert_int_equal(kind, CB_DATA_OTHER);
    free(bytes);
    cb_images_free(&test);
}

static int enter(void **state)
{
    (void)state;
    const char *variable = getenv("CYCLEBENCH_DATA"); /* the tests of the search change it */
    given_data = variable && variable[0] ? strdup(variable) : NULL;
    return getcwd(start_folder, sizeof start_folder) && mkdtemp(scratch) ? 0 : -1;
}

static int leave(void **state)
{
    (void)state;
    char command[128];
    free(given_data);
    snprintf(command, sizeof command, "rm -rf %s", scratch);
    return system(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parse_keeps_records),
        cmocka_unit_test(parse_refuses_every_truncation),
        cmocka_unit_test(parse_refuses_labels_above_nine),
        cmocka_unit_test(parse_survives_random_bytes),
        cmocka_unit_test(read_follows_the_names),
        cmocka_unit_test(archive_equals_folder),
        cmocka_unit_test(archive_refuses_what_does_not_belong),
        cmocka_unit_test(archive_refuses_a_giant),
        cmocka_unit_test(archive_refuses_truncation_and_damage),
        cmocka_unit_test(archive_is_read_to_its_end),
        cmocka_unit_test(kind_is_that_of_the_bytes),
        cmocka_unit_test(sha256_is_of_labels_then_pixels),
        cmocka_unit_test(rows_agree_with_themselves),
        cmocka_unit_test(cifar100_takes_the_fine_label),
        cmocka_unit_test(cifar100_is_found_loaded_and_verified),
        cmocka_unit_test(find_looks_where_it_says),
        cmocka_unit_test(official_first_images),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("data", tests, enter, leave);
}
