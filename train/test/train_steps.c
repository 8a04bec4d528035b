/* train_steps VERSION SETTING STEPS ISA THREADS: pinned steps for other processors. Writes the losses, as doubles, and
 * then every tensor, as floats, to standard output: test_pins --by compares them with the pins. */
#include <stdio.h>
#include <stdlib.h>

#include "pinned_steps.h"

int main(int argc, char **argv)
{
    const struct pinned_setting *setting = argc == 6 ? pinned_setting(argv[2]) : NULL;
    enum cb_numerics numerics = argc == 6 ? cb_numerics_find(argv[1]) : CB_NUMERICS_COUNT;
    if (!setting || numerics == CB_NUMERICS_COUNT) {
        fprintf(stderr, "usage: train_steps VERSION SETTING STEPS ISA THREADS\n");
        return 2;
    }
    size_t steps = strtoul(argv[3], NULL, 10);
    struct pinned_result result;
    struct cb_error err;
    if (pinned_steps(&result, setting, numerics, steps, argv[4], strtoul(argv[5], NULL, 10), &err) != CB_OK) {
        fprintf(stderr, "train_steps: %s\n", err.text);
        return 1;
    }
    int ok = fwrite(result.loss, sizeof *result.loss, steps, stdout) == steps &&
             fwrite(result.weights, sizeof *result.weights, result.len, stdout) == result.len && fflush(stdout) == 0;
    pinned_result_free(&result);
    return ok ? 0 : 1;
}
