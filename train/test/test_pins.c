/* Pins: train/test/pins.txt holds the loss fingerprint and the weights' SHA-256 of a few steps for every numerics
 * version, and every instruction set with any number of threads must give just these. So a sum whose order changes in
 * reference and kernels alike is seen.
 *
 *   test_pins                    checks all pins on the instruction sets of this machine
 *   test_pins --by COMMAND ISA   checks one of each version on the output of COMMAND VERSION SETTING STEPS ISA 2 (train_steps)
 *   test_pins --missing          prints the lines that pins.txt lacks, for a new version; it changes no file
 *   test_pins --data DIR N       writes the first N images as CIFAR-10 files, for `cyclebench train` */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/ops.h"
#include "pinned_steps.h"
#include "record/fingerprint.h"

#define PINS "train/test/pins.txt"
enum { MAX_PINS = 64, SETTINGS = sizeof pinned_settings / sizeof *pinned_settings };

struct pin {
    enum cb_numerics numerics;
    const struct pinned_setting *setting;
    size_t steps;
    char fingerprint[CB_SHA256_HEX], weights[CB_SHA256_HEX];
};

static struct {
    struct pin pin[MAX_PINS];
    size_t count;
} pins;

static struct {
    size_t number, failed;
} tap;

static void die(const char *what)
{
    fflush(stdout);
    fprintf(stderr, "test_pins: %s\n", what);
    exit(1);
}

static void test(bool ok, const char *name)
{
    printf("%sok %zu - %s\n", ok ? "" : "not ", ++tap.number, name);
    fflush(stdout);
    tap.failed += !ok;
}

static const struct pin *find(enum cb_numerics numerics, const struct pinned_setting *setting)
{
    for (size_t i = 0; i < pins.count; i++)
        if (pins.pin[i].numerics == numerics && pins.pin[i].setting == setting) return &pins.pin[i];
    return NULL;
}

static void read_line(const char *line, size_t number)
{
    char version[64], setting[64], message[128];
    struct pin p = {0};
    int fields = sscanf(line, "%63s %63s %zu %64s %64s", version, setting, &p.steps, p.fingerprint, p.weights);
    if (fields <= 0 || version[0] == '#') return;
    if (fields == 5) {
        p.numerics = cb_numerics_find(version);
        p.setting = pinned_setting(setting);
    }
    snprintf(message, sizeof message, PINS ":%zu: not a pin, or the second of its version and setting", number);
    if (fields != 5 || p.numerics == CB_NUMERICS_COUNT || !p.setting || p.steps < 1 || p.steps > PINNED_MAX_STEPS ||
        strlen(p.fingerprint) != CB_SHA256_HEX - 1 || strlen(p.weights) != CB_SHA256_HEX - 1 ||
        find(p.numerics, p.setting) || pins.count == MAX_PINS)
        die(message);
    pins.pin[pins.count++] = p;
}

static void read_pins(void)
{
    FILE *file = fopen(PINS, "r");
    if (!file) die(PINS ": cannot be read; run from the project's folder");
    char line[512];
    for (size_t number = 1; fgets(line, sizeof line, file); number++) read_line(line, number);
    fclose(file);
}

/* As the trainer makes them (loop/loop.c, cb_weights_sha256). */
static struct pin pin_of(const struct pin *like, const struct pinned_result *result)
{
    struct pin p = {like->numerics, like->setting, like->steps, CB_FINGERPRINT_START, ""};
    enum cb_status status = CB_OK;
    for (size_t k = 0; k < p.steps && !status; k++)
        status = cb_fingerprint_add(p.fingerprint, k, result->loss[k], NULL);
    if (!status) status = cb_sha256_hex(result->weights, result->len * sizeof *result->weights, p.weights, NULL);
    if (status) die("libcrypto computes no SHA-256");
    return p;
}

static void print_pin(const char *before, const struct pin *p)
{
    printf("%s%s %s %zu %s %s\n", before, cb_numerics_name(p->numerics), p->setting->name, p->steps, p->fingerprint,
           p->weights);
}

static void compare(const struct pin *pin, const struct pinned_result *result, const char *how)
{
    struct pin got = pin_of(pin, result);
    bool ok = !strcmp(got.fingerprint, pin->fingerprint) && !strcmp(got.weights, pin->weights);
    if (!ok) {
        print_pin("# pinned: ", pin);
        print_pin("# got:    ", &got);
    }
    char name[160];
    snprintf(name, sizeof name, "%s %s, %zu steps, %s", cb_numerics_name(pin->numerics), pin->setting->name, pin->steps,
             how);
    test(ok, name);
}

/* More than an image in a group: too many for the reference and for an emulator. */
static bool is_wide(const struct pinned_setting *setting)
{
    return setting->batch > CB_IMAGE_GROUPS;
}

static void check_here(enum cb_isa isa)
{
    /* One odd number of threads does for the reference, which is slow, and for bf16, which most sets emulate. */
    static const size_t counts[] = {3, 1, 2};
    for (size_t i = 0; i < pins.count; i++) {
        const struct pin *pin = &pins.pin[i];
        bool bf16 = pin->numerics >= CB_BF16_BACKWARD;
        if (isa == CB_ISA_SCALAR && is_wide(pin->setting)) continue;
        if (!cb_isa_builds_f32(isa) && !bf16) continue; /* the kernels of its base */
        size_t tried = isa == CB_ISA_SCALAR || bf16 || is_wide(pin->setting) ? 1 : 3;
        for (size_t t = 0; t < tried; t++) {
            struct pinned_result result;
            struct cb_error err;
            char how[64];
            if (pinned_steps(&result, pin->setting, pin->numerics, pin->steps, cb_isa_name(isa), counts[t], &err) !=
                CB_OK)
                die(err.text);
            snprintf(how, sizeof how, "%s, %zu threads", cb_isa_name(isa), counts[t]);
            compare(pin, &result, how);
            pinned_result_free(&result);
        }
    }
}

static void check_all_here(void)
{
    for (enum cb_isa isa = CB_ISA_SCALAR; isa < CB_ISA_COUNT; isa++) {
        if (cb_isa_available(isa))
            check_here(isa);
        else if (cb_ops_of(isa)) /* built for this architecture; others can never run here */
            printf("ok %zu - pins on %s # SKIP [%s] this CPU or operating system does not support it\n", ++tap.number,
                   cb_isa_name(isa), cb_isa_name(isa));
    }
}

static void check_by(const char *program, const char *isa)
{
    for (size_t i = 0; i < pins.count; i++) {
        const struct pin *pin = &pins.pin[i];
        /* Emulators are slow: of each version one setting, in turn. */
        if (is_wide(pin->setting) || (size_t)(pin->setting - pinned_settings) != pin->numerics % 2u) continue;
        char command[1024];
        snprintf(command, sizeof command, "%s %s %s %zu %s 2", program, cb_numerics_name(pin->numerics),
                 pin->setting->name, pin->steps, isa);
        FILE *pipe = popen(command, "r");
        static float weights[1000000];
        struct pinned_result result = {.weights = weights};
        bool ok = pipe && fread(result.loss, sizeof *result.loss, pin->steps, pipe) == pin->steps;
        if (ok) result.len = fread(weights, sizeof *weights, sizeof weights / sizeof *weights, pipe);
        if (!pipe || pclose(pipe) != 0) die(command);
        compare(pin, &result, isa);
    }
}

static void print_missing(void)
{
    /* The reference defines the bits; what is too much for it is for the best instruction set, which the kernels' tests
     * compare with it. */
    for (enum cb_numerics n = 0; n < CB_NUMERICS_COUNT; n++)
        for (size_t s = 0; s < SETTINGS; s++) {
            if (find(n, &pinned_settings[s])) continue;
            struct pin pin = {
                .numerics = n, .setting = &pinned_settings[s], .steps = is_wide(&pinned_settings[s]) ? 1 : 3};
            struct pinned_result result;
            struct cb_error err;
            const char *isa = is_wide(pin.setting) ? NULL : "scalar";
            if (pinned_steps(&result, pin.setting, n, pin.steps, isa, 2, &err) != CB_OK) die(err.text);
            pin = pin_of(&pin, &result);
            print_pin("", &pin);
            pinned_result_free(&result);
        }
}

static void write_file(const char *dir, const char *name, const struct cb_images *images)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/%s/%s", dir, cb_datasets[CB_CIFAR10].folder, name);
    FILE *file = fopen(path, "wb");
    if (!file) die(path);
    for (size_t n = 0; n < images->n; n++)
        if (fputc(images->labels[n], file) == EOF ||
            fwrite(images->pixels + n * CB_IMAGE_PIXELS, CB_IMAGE_PIXELS, 1, file) != 1)
            die(path);
    if (fclose(file)) die(path);
}

/* The evaluation wants a test file; its images are the same. */
static void write_data(const char *dir, size_t n)
{
    char path[1024];
    struct cb_images images;
    struct cb_error err;
    snprintf(path, sizeof path, "%s/%s", dir, cb_datasets[CB_CIFAR10].folder);
    if ((mkdir(dir, 0777) && errno != EEXIST) || mkdir(path, 0777)) die(path);
    if (pinned_images(&images, n, &err) != CB_OK) die(err.text);
    write_file(dir, cb_datasets[CB_CIFAR10].file[0].name, &images);
    write_file(dir, cb_dataset_test_file(&cb_datasets[CB_CIFAR10]), &images);
    cb_images_free(&images);
}

int main(int argc, char **argv)
{
    read_pins();
    if (argc == 2 && !strcmp(argv[1], "--missing")) {
        print_missing();
        return 0;
    }
    if (argc == 4 && !strcmp(argv[1], "--data")) {
        write_data(argv[2], strtoul(argv[3], NULL, 10));
        return 0;
    }
    if (argc != 1 && !(argc == 4 && !strcmp(argv[1], "--by"))) {
        fprintf(stderr, "usage: test_pins [--by COMMAND ISA | --missing | --data DIR N]\n");
        return 2;
    }
    bool whole = true;
    for (enum cb_numerics n = 0; n < CB_NUMERICS_COUNT; n++)
        for (size_t s = 0; s < SETTINGS; s++) whole &= find(n, &pinned_settings[s]) != NULL;
    test(whole, "every numerics version has its pins");
    if (argc == 4)
        check_by(argv[2], argv[3]);
    else
        check_all_here();
    printf("1..%zu\n", tap.number);
    return tap.failed ? 1 : 0;
}
