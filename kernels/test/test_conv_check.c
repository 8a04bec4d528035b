/* cb_conv_check: the kernels compute what it lets through, within their buffers and to the reference's bits. The
 * drivers end the program rather than run what it refuses. */
#include "test/conv_compare.h"

#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* --- what is refused, and why --- */

#define F32 CB_F32
#define BF16 CB_BF16

static const struct {
    struct cb_conv_shape shape;
    const char *message; /* NULL: taken */
} rows[] = {
    {{CB_CONV_3X3, 1, 16, 1, 1, 16}, NULL},
    {{CB_CONV_3X3, 0, 16, 1, 1, 16}, NULL},
    {{CB_CONV_3X3, 1, 48, 7, 1000, 16}, NULL},
    {{CB_CONV_3X3, 1, 24, 8, 8, 16}, "input channels: expected a multiple of 16, got 24"},
    {{CB_CONV_3X3, 1, 0, 8, 8, 16}, "input channels: expected a multiple of 16, got 0"},
    {{CB_CONV_3X3, 1, 16, 8, 8, 8}, "output channels: expected a multiple of 16, got 8"},
    {{CB_CONV_3X3, 1, 16, 0, 8, 16}, "height: expected at least 1, got 0"},
    {{CB_CONV_3X3, 1, 16, 8, 0, 16}, "width: expected at least 1, got 0"},
    {{CB_CONV_3X3, 1, 16, 8, 8, 16, BF16}, "(3x3): expected storage f32, got bf16"},
    {{CB_CONV_3X3, 1, 16, 8, 8, 16, F32, BF16, F32}, "(3x3): expected products of f32, got bf16"},
    {{CB_CONV_3X3_S2, 1, 16, 2, 6, 32, BF16}, NULL},
    {{CB_CONV_3X3_S2, 1, 16, 3, 6, 32}, "(3x3, stride 2): height: expected a multiple of 2, got 3"},
    {{CB_CONV_1X1_S2, 1, 16, 2, 7, 32}, "(1x1, stride 2): width: expected a multiple of 2, got 7"},
    {{CB_CONV_1X1_S2, 1, 16, 2, 6, 32, BF16, F32, BF16}, "(1x1, stride 2): expected products of f32, got bf16"},
    {{CB_CONV_STEM, 1, 3, 1, 5, 16, BF16}, NULL},
    {{CB_CONV_STEM, 1, 16, 8, 8, 16}, "(stem): input channels: expected 3, got 16"},
    {{CB_CONV_WINOGRAD, 1, 16, 4, 128, 16}, NULL},
    {{CB_CONV_WINOGRAD, 1, 16, 1000, 4, 16}, NULL},
    {{CB_CONV_WINOGRAD, 1, 16, 4, 132, 16}, "(Winograd): width: expected at most 128, got 132"},
    {{CB_CONV_WINOGRAD, 1, 16, 10, 8, 16}, "height: expected a multiple of 4, got 10"},
    {{CB_CONV_WINOGRAD, 1, 16, 8, 10, 16}, "width: expected a multiple of 4, got 10"},
    {{CB_CONV_WINOGRAD, 1, 16, 4, 8, 16, F32, F32, BF16}, NULL},
    {{CB_CONV_WINOGRAD, 1, 16, 4, 12, 16, F32, F32, BF16}, "width: expected a multiple of 8, got 12"},
    {{CB_CONV_WINOGRAD, 1, 16, 10, 10, 16, BF16, F32, BF16}, "width: expected a multiple of 8, got 10"},
    {{CB_CONV_WINOGRAD, 1, 16, 8, 8, 16, BF16, BF16, F32}, "expected bf16 products backward with storage bf16"},
    {{CB_CONV_WINOGRAD, 1, 16, 8, 8, 16, F32, BF16, F32}, "expected f32 products forward with storage f32"},
    {{(enum cb_conv_kind)5, 1, 16, 8, 8, 16}, "expected a kind up to 4, got 5"},
    {{CB_CONV_3X3, 1, 16, 8, 8, 16, (enum cb_format)2}, "expected formats f32 or bf16, got 2, 0, 0"},
    {{CB_CONV_3X3, SIZE_MAX / 1024, 16, 8, 8, 16}, "activations of"},
    {{CB_CONV_3X3, 1, 16, SIZE_MAX / 2, 8, 16}, "padded images of"},
    {{CB_CONV_3X3, 1, SIZE_MAX - 15, 1, 1, 16}, "weight gradients of"},
    {{CB_CONV_WINOGRAD, 1, (SIZE_MAX >> 12) - 15, 4, 4, 16}, "do not fit the address space"},
};

static void test_rows(void)
{
    check_begin(CB_ISA_SCALAR, "cb_conv_check takes and refuses, and says why");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct cb_error err = {""};
        enum cb_status status = cb_conv_check(&rows[i].shape, &err);
        if (rows[i].message)
            check_true(status == CB_BAD_INPUT && strstr(err.text, rows[i].message), "row %zu: status %d, '%s'", i,
                       (int)status, err.text);
        else
            check_true(status == CB_OK, "row %zu is refused: '%s'", i, err.text);
    }
    check_end();
}

/* --- random shapes --- */

static size_t draw(uint64_t *bits, size_t n)
{
    size_t drawn = (size_t)(*bits % n);
    *bits /= n;
    return drawn;
}

/* Every second shape has sides that are multiples of 4 and 8, and most have channels that are multiples of 16: else
 * nearly all would be refused. */
static struct cb_conv_shape random_shape(size_t i)
{
    uint64_t bits = check_random(11, i), more = check_random(12, i);
    struct cb_conv_shape s = {.kind = (enum cb_conv_kind)draw(&bits, CONV_KINDS), .n = draw(&bits, 3)};
    s.h = 1 + draw(&bits, 40), s.w = 1 + draw(&bits, 40);
    if (draw(&bits, 2)) s.h = (s.h + 3) / 4 * 4, s.w = (s.w + 7) / 8 * 8;
    s.c = draw(&bits, 8) ? 16 * (1 + draw(&bits, 2)) : 1 + draw(&bits, 40);
    s.k = draw(&bits, 8) ? 16 * (1 + draw(&bits, 2)) : 1 + draw(&bits, 40);
    if (s.kind == CB_CONV_STEM && draw(&bits, 8)) s.c = 3;
    conv_set_formats(&s, draw(&more, CONV_FORMATS));
    if (!draw(&more, 8)) s.storage = (enum cb_format)draw(&more, 2);
    if (!draw(&more, 8)) s.fwd_products = (enum cb_format)draw(&more, 2);
    if (!draw(&more, 8)) s.bwd_products = (enum cb_format)draw(&more, 2);
    return s;
}

static void test_random(void)
{
    enum { SHAPES = 600 };
    enum cb_isa isas[CB_ISA_COUNT];
    size_t n_isas = 0, taken[CONV_KINDS] = {0}, refused[CONV_KINDS] = {0};
    CHECK_EACH_SIMD(isa) isas[n_isas++] = isa;
    if (!n_isas) {
        check_skip("random shapes", "no SIMD here to compare the reference with");
        return;
    }
    check_begin(isas[n_isas - 1], "%d random shapes are refused or computed", SHAPES);
    for (size_t i = 0; i < SHAPES; i++) {
        struct cb_conv_shape s = random_shape(i);
        if (cb_conv_check(&s, NULL)) {
            refused[s.kind]++;
            continue;
        }
        taken[s.kind]++;
        enum cb_isa isa = isas[i % n_isas];
        uint64_t bits = check_random(13, i);
        unsigned fwd = (unsigned)(bits % FWD_OPTIONS), bwd = (unsigned)(bits / FWD_OPTIONS % BWD_OPTIONS);
        if (!conv_fwd_options_valid(&s, fwd)) fwd = conv_fwd_all(&s);
        if (!conv_bwd_options_valid(&s, bwd)) bwd = conv_bwd_all(&s);
        conv_compare_forward(conv_forward_of(isa, &s), &s, fwd, CHECK_NORMAL);
        conv_compare_backward(conv_backward_of(isa, &s), &s, bwd, CHECK_NORMAL);
    }
    for (size_t kind = 0; kind < CONV_KINDS; kind++)
        check_true(taken[kind] >= 20 && refused[kind] >= 20, "of %s %zu are taken, %zu refused", conv_kind_names[kind],
                   taken[kind], refused[kind]);
    check_end();
}

/* --- what the drivers assert --- */

struct calls {
    struct cb_team *team;
    struct cb_conv_fwd fwd;
    struct cb_conv_bwd bwd;
};

static void refused_shape(struct calls *c)
{
    c->fwd.shape.w = 10;
    cb_conv_forward(c->team, &c->fwd);
}

static void refused_shape_backward(struct calls *c)
{
    c->bwd.shape.h = 10;
    cb_conv_backward(c->team, &c->bwd);
}

static void misaligned_output(struct calls *c)
{
    c->fwd.y = (float *)c->fwd.y + 8;
    cb_conv_forward(c->team, &c->fwd);
}

static void misaligned_gradient(struct calls *c)
{
    c->bwd.dx = (float *)c->bwd.dx + 8;
    cb_conv_backward(c->team, &c->bwd);
}

static void residual_without_scale(struct calls *c)
{
    c->fwd.source.scale = c->fwd.source.shift = NULL;
    cb_conv_forward(c->team, &c->fwd);
}

static void no_workspace(struct calls *c)
{
    c->fwd.workspace = NULL;
    cb_conv_forward(c->team, &c->fwd);
}

static void sums_without_mean(struct calls *c)
{
    c->bwd.bn_mean = NULL;
    cb_conv_backward(c->team, &c->bwd);
}

static void even_skip_of_winograd(struct calls *c)
{
    c->bwd.skip_even = c->bwd.skip;
    cb_conv_backward(c->team, &c->bwd);
}

static void sound(struct calls *c)
{
    cb_conv_forward(c->team, &c->fwd);
    cb_conv_backward(c->team, &c->bwd);
}

/* The signal that ends a child which makes the call; 0: it came back. */
static int signal_of(void (*call)(struct calls *), struct calls *c)
{
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        if (!freopen("/dev/null", "w", stderr)) _exit(99);
        call(c);
        _exit(0);
    }
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) != child) return -1;
    return WIFSIGNALED(status) ? WTERMSIG(status) : -WEXITSTATUS(status);
}

static void test_asserts(void)
{
    static const struct {
        const char *name;
        void (*call)(struct calls *);
        int signal;
    } calls[] = {
        {"sound arguments", sound, 0},
        {"a refused shape, forward", refused_shape, SIGABRT},
        {"a refused shape, backward", refused_shape_backward, SIGABRT},
        {"a misaligned y", misaligned_output, SIGABRT},
        {"a misaligned dX", misaligned_gradient, SIGABRT},
        {"a residual without scale", residual_without_scale, SIGABRT},
        {"no workspace", no_workspace, SIGABRT},
        {"sums without a mean", sums_without_mean, SIGABRT},
        {"skip_even of Winograd", even_skip_of_winograd, SIGABRT},
    };
    check_begin(CB_ISA_SCALAR, "the drivers assert shape, alignment and pointers");
    check_select(CB_ISA_SCALAR);
    const struct cb_conv_shape s = {CB_CONV_WINOGRAD, 1, 16, 8, 8, 16};
    struct calls c = {.team = check_team(1, cb_conv_scratch_bytes(&s))};
    c.fwd = conv_forward_args(&s, conv_fwd_all(&s), CHECK_NORMAL);
    conv_forward_outputs(&c.fwd, conv_fwd_all(&s));
    c.bwd = conv_backward_args(&s, conv_bwd_all(&s), CHECK_NORMAL);
    conv_backward_outputs(&c.bwd, conv_bwd_all(&s));
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        struct calls copy = c;
        int got = signal_of(calls[i].call, &copy);
        check_true(got == calls[i].signal, "%s: ended by %d, not by signal %d", calls[i].name, got, calls[i].signal);
    }
    cb_team_destroy(c.team);
    check_end();
}

int main(void)
{
    test_asserts();
    test_rows();
    test_random();
    return check_finish();
}
