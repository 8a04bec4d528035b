#include "test/harness.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* The harness itself: each defect that it is there for must turn a case into `not ok` and the program's status into a
 * failure. */

enum { N = 37 };

static void nothing(float *p)
{
    (void)p;
}

static void last_bit(float *p)
{
    p[N - 1] = nextafterf(p[N - 1], 10);
}

static void sign_of_zero(float *p)
{
    p[0] = -p[0];
}

static void nan_lost(float *p)
{
    p[1] = 0;
}

static void nan_payload(float *p)
{
    p[1] = -p[1];
}

static void overrun(float *p)
{
    p[N] = 1;
}

static void underrun(float *p)
{
    p[-1] = 1;
}

static void far_overrun(float *p)
{
    p[N + 900] = 1;
}

static void copied_overrun(float *p)
{
    memcpy(p, check_copy(p, N), (N + 1) * sizeof *p); /* what it writes past the end is what another guard holds */
}

static void unwritten(float *p)
{
    p[5] = check_floats(N)[5];
}

static void compare(void (*defect)(float *))
{
    float *want = check_floats(N);
    check_fill(want, N, CHECK_NORMAL, 1);
    want[0] = 0;
    want[1] = NAN;
    float *got = check_copy(want, N);
    defect(got);
    check_equal("floats", got, want, N);
}

static void last_bit_bf16(uint16_t *p)
{
    p[N - 1] ^= 1;
}

static void overrun_bf16(uint16_t *p)
{
    p[N] = 0;
}

static void unwritten_bf16(uint16_t *p)
{
    p[5] = ((uint16_t *)check_stored(CB_BF16, N))[5];
}

static void compare_bf16(void (*defect)(uint16_t *))
{
    uint16_t *want = check_stored(CB_BF16, N), *got = check_stored(CB_BF16, N);
    check_fill_stored(want, CB_BF16, N, CHECK_NORMAL, 1);
    memcpy(got, want, N * sizeof *got);
    if (defect) defect(got);
    check_equal_stored("bf16", CB_BF16, got, want, N);
}

static void near(double off)
{
    double want[1] = {1}, bound[1] = {0x1p-20};
    float got[1] = {(float)(1 + off)};
    check_near("a float", got, want, bound, 1);
    check_near1("a double", 1 + off, 1, 0x1p-20);
}

/* Exit status of a program whose only case is fn's, run as a child so that its failures are not ours. */
static int status_of(void (*fn)(void))
{
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        if (!freopen("/dev/null", "w", stdout)) _exit(99);
        fn();
        fflush(stdout);
        _exit(check_finish());
    }
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status)) return -1;
    return WEXITSTATUS(status);
}

static void passing_program(void)
{
    check_begin(CB_ISA_SCALAR, "fine");
    compare(nothing);
    check_end();
}

static void failing_program(void)
{
    passing_program();
    check_begin(CB_ISA_SCALAR, "broken");
    compare(last_bit);
    check_end();
}

static void fooled_program(void)
{
    check_begin_must_fail(CB_ISA_SCALAR, "a wrong kernel that no check notices");
    compare(nothing);
    check_end();
}

static void empty_program(void) {}

int main(void)
{
    /* Children inherit what the harness has counted, so they come before the first case. */
    int passing = status_of(passing_program), failing = status_of(failing_program);
    int fooled = status_of(fooled_program), empty = status_of(empty_program);

    static const struct {
        const char *name;
        void (*defect)(float *);
    } defects[] = {{"one bit", last_bit},
                   {"-0 for +0", sign_of_zero},
                   {"a NaN lost", nan_lost},
                   {"a write past the end", overrun},
                   {"a write before the start", underrun},
                   {"a write far past the end", far_overrun},
                   {"a copy past the end", copied_overrun},
                   {"an element never written", unwritten}};
    for (size_t i = 0; i < sizeof defects / sizeof *defects; i++) {
        check_begin_must_fail(CB_ISA_SCALAR, "%s", defects[i].name);
        compare(defects[i].defect);
        check_end();
    }
    static const struct {
        const char *name;
        void (*defect)(uint16_t *);
    } bf16_defects[] = {{"one bit of a bf16", last_bit_bf16},
                        {"a bf16 past the end", overrun_bf16},
                        {"a bf16 never written", unwritten_bf16}};
    for (size_t i = 0; i < sizeof bf16_defects / sizeof *bf16_defects; i++) {
        check_begin_must_fail(CB_ISA_SCALAR, "%s", bf16_defects[i].name);
        compare_bf16(bf16_defects[i].defect);
        check_end();
    }
    check_begin_must_fail(CB_ISA_SCALAR, "a value out of bounds");
    near(0x1p-19);
    check_end();
    check_begin_must_fail(CB_ISA_SCALAR, "a NaN where a number is expected");
    near((double)NAN);
    check_end();

    check_begin(CB_ISA_SCALAR, "what is right passes");
    compare(nothing);
    compare(nan_payload);
    compare_bf16(NULL);
    near(0x1p-21);
    check_end();

    check_begin(CB_ISA_SCALAR, "exit status");
    check_true(passing == 0, "a program that passes exits with %d, not 0", passing);
    check_true(failing == 1, "a program with a failed case exits with %d, not 1", failing);
    check_true(fooled == 1, "a program that lets a wrong kernel pass exits with %d, not 1", fooled);
    check_true(empty == 1, "a program without a case exits with %d, not 1", empty);
    check_end();

    check_begin(CB_ISA_SCALAR, "fills");
    enum { MANY = 100000 };
    float *x = check_floats(MANY);
    double sum = 0, squares = 0;
    check_fill(x, MANY, CHECK_NORMAL, 7);
    for (size_t i = 0; i < MANY; i++) {
        sum += (double)x[i];
        squares += (double)x[i] * (double)x[i];
    }
    check_near1("mean", sum / MANY, 0, 0.02);
    check_near1("variance", squares / MANY, 1, 0.02);
    size_t nans = 0, infinities = 0, denormals = 0;
    check_fill(x, MANY, CHECK_SPECIALS, 8);
    for (size_t i = 0; i < MANY; i++) {
        nans += isnan(x[i]) != 0;
        infinities += isinf(x[i]) != 0;
    }
    check_fill(x, MANY, CHECK_DENORMALS, 9);
    for (size_t i = 0; i < MANY; i++) denormals += fpclassify(x[i]) == FP_SUBNORMAL;
    check_true(nans > 50 && infinities > 100 && denormals > MANY / 2, "got %zu NaN, %zu infinities, %zu denormals",
               nans, infinities, denormals);
    check_end();
    return check_finish();
}
