#include "exact.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "counter_loops.h"
#include "processor.h"

static void plain_rounds(void *context)
{
    cb_loop_plain(*(size_t *)context);
}

/* The difference of two lengths of a loop is known to the instruction. */
static void describe_step(json_t *methods)
{
    size_t few = 2, many = 12;
    struct cb_count short_run, long_run;
    cb_count_by_step(&short_run, plain_rounds, &few, 10000);
    cb_count_by_step(&long_run, plain_rounds, &many, 10000);
    char text[512];
    const char *reason = short_run.known ? long_run.reason : short_run.reason;
    bool works = false;
    if (short_run.known && long_run.known) {
        uint64_t counted = long_run.value - short_run.value, expected = (many - few) * CB_PLAIN_INSTRUCTIONS;
        works = counted == expected;
        snprintf(text, sizeof text, "%s%" PRIu64 " instructions expected, %" PRIu64 " counted",
                 works ? "any instruction set: " : "refused: ", expected, counted);
        reason = text;
    }
    cb_describe_text(methods, "single_step", works ? text : NULL, reason);
}

static void describe_program(json_t *methods, const char *key, const char *program, const char *gives,
                             const char *package)
{
    char folders[4096], path[4200], text[4300];
    const char *search = getenv("PATH");
    snprintf(folders, sizeof folders, "%s", search ? search : "");
    for (char *save, *folder = strtok_r(folders, ":", &save); folder; folder = strtok_r(NULL, ":", &save)) {
        snprintf(path, sizeof path, "%s/%s", folder, program);
        if (access(path, X_OK)) continue;
        snprintf(text, sizeof text, "%s: %s", gives, path);
        cb_describe_text(methods, key, text, NULL);
        return;
    }
    snprintf(text, sizeof text, "%s is not installed: apt install %s", program, package);
    cb_describe_text(methods, key, NULL, text);
}

json_t *cb_exact_describe(void)
{
    json_t *methods = json_object();
    describe_step(methods);
    describe_program(methods, "callgrind", "valgrind", "scalar, avx2 or neon of this CPU", "valgrind");
#if defined(__aarch64__)
    describe_program(methods, "qemu_user", "qemu-x86_64", "scalar, avx2", "qemu-user");
#else
    describe_program(methods, "qemu_user", "qemu-aarch64", "neon", "qemu-user");
#endif
    return methods;
}
