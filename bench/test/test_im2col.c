#include "../suites/im2col.h"
#include "test/harness.h"

/* The convolution by im2col and SGEMM against the scalar direct convolution: the same bits. */

static const struct cb_conv_shape shapes[] = {
    {CB_CONV_3X3, 1, 16, 1, 1, 16}, {CB_CONV_3X3, 3, 16, 5, 3, 32},   {CB_CONV_3X3, 2, 32, 1, 7, 16},
    {CB_CONV_3X3, 2, 48, 6, 1, 48}, {CB_CONV_3X3, 1, 16, 32, 32, 16}, {CB_CONV_3X3, 2, 64, 8, 8, 64},
};
enum { SHAPES = sizeof shapes / sizeof *shapes };

static float *filled(size_t n, enum check_fill fill, uint64_t seed)
{
    float *p = check_floats(n);
    check_fill(p, n, fill, seed);
    return p;
}

static void compare(struct cb_team *team, const struct cb_conv_shape *s, const struct cb_cache_sizes *caches,
                    enum check_fill fill)
{
    size_t threads = cb_team_threads(team), in = s->n * s->c * s->h * s->w, out = s->n * s->k * s->h * s->w;
    check_at("n=%zu c=%zu h=%zu w=%zu k=%zu L3=%zu fill=%d", s->n, s->c, s->h, s->w, s->k, caches->l3_bytes, (int)fill);
    float *want = check_floats(out), *got = check_floats(out);
    struct cb_conv_fwd args = {.shape = *s, .y = want};
    args.source.x = filled(in, fill, 1);
    args.w = filled(cb_conv_weights(s), fill, 2);
    void *scratch = check_bytes(cb_conv_scratch_bytes(s));
    for (size_t image = 0; image < s->n; image++) cb_conv3x3_f32_fwd__scalar(&args, image, scratch);
    args.y = got;
    void *workspace = check_bytes(im2col_workspace_bytes(s, caches, threads));
    check_true(im2col_forward(team, &args, caches, workspace, NULL) == CB_OK, "im2col_forward succeeds");
    check_equal("y", got, want, out);
    check_release();
}

int main(void)
{
    static const struct cb_cache_sizes caches[] = {{0, 0, 0}, {4096, 16384, 65536}};
    CHECK_EACH_ISA(isa)
    {
        check_select(isa);
        for (size_t t = 0; t < CHECK_TEAMS; t++) {
            check_begin(isa, "im2col, %zu threads", check_threads[t]);
            struct cb_team *team = check_team(check_threads[t], 0);
            for (size_t i = 0; i < SHAPES; i++)
                for (size_t c = 0; c < 2; c++) {
                    compare(team, &shapes[i], &caches[c], CHECK_NORMAL);
                    compare(team, &shapes[i], &caches[c], CHECK_SPECIALS);
                }
            cb_team_destroy(team);
            check_end();
        }
    }
    return check_finish();
}
