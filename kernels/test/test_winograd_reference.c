/* The scalar Winograd convolutions against direct convolutions in double precision, with derived bounds. */
#include "test/data.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "conv/winograd_points.h"
#include "core/bf16.h"

/* The transforms as matrices, from the points 0, +-a, +-b and infinity alone. */
static double B[6][6]; /* [input][output] */
static double A[6][4], G[6][3];

static void set_points(double a, double b)
{
    const double p[5] = {0, a, -a, b, -b};
    memset(B, 0, sizeof B);
    memset(A, 0, sizeof A);
    memset(G, 0, sizeof G);
    for (size_t j = 0; j < 5; j++) {
        /* Row j of B^T: the coefficients of the product of (x - p[k]) over the other points; its value at p[j] is N. */
        double poly[5] = {1}, n = 1;
        for (size_t k = 0, degree = 0; k < 5; k++) {
            if (k == j) continue;
            degree++;
            for (size_t i = degree; i > 0; i--) poly[i] = poly[i - 1] - p[k] * poly[i];
            poly[0] *= -p[k];
            n *= p[j] - p[k];
        }
        for (size_t i = 0; i < 5; i++) B[i][j] = poly[i];
        for (size_t i = 0; i < 4; i++) A[j][i] = i ? A[j][i - 1] * p[j] : 1;
        for (size_t i = 0; i < 3; i++) G[j][i] = (i ? i == 1 ? p[j] : p[j] * p[j] : 1) / n;
    }
    double all[6] = {0, a * a * b * b, 0, -a * a - b * b, 0, 1}; /* the product over all points: of infinity */
    for (size_t i = 0; i < 6; i++) B[i][5] = all[i];
    A[5][3] = G[5][2] = 1;
}

/* Bounds are gamma_of(roundings) * the sum of absolute values of coefficients and operands. The roundings on the
 * longest way from an operand to the result: two in B^T, two in A, four in G and in G^T (their constants are rounded
 * too), three in A^T, each twice for the two dimensions; one for each term of the products. */

/* Both operands of a product are rounded to bf16's 8 bits. */
static double operand_error(const struct cb_conv_shape *s)
{
    return s->bwd_products == CB_BF16 ? 2 * 0x1p-9 + 0x1p-18 : 0;
}

/* What is stored as bf16 is rounded once more. */
static double storage_error(const struct cb_conv_shape *s)
{
    return s->storage == CB_BF16 ? 0x1p-9 : 0;
}

enum {
    FORWARD_ROUNDINGS = 2 * 2 + 2 * 4 + 2 * 3,
    WEIGHTS_ROUNDINGS = 2 * 2 + 2 * 2 + 2 * 4 + 5 /* tree of 32 groups */
};

static const struct cb_conv_shape shapes[] = {
    {CB_CONV_WINOGRAD, 2, 16, 32, 32, 16},
    {CB_CONV_WINOGRAD, 2, 32, 16, 16, 32},
    {CB_CONV_WINOGRAD, 3, 64, 8, 8, 64},
    {CB_CONV_WINOGRAD, 2, 48, 4, 12, 16},
    {CB_CONV_WINOGRAD, 1, 16, 8, 4, 32},
    {CB_CONV_WINOGRAD, 2, 16, 32, 32, 16, CB_BF16, CB_BF16, CB_BF16},
    {CB_CONV_WINOGRAD, 2, 32, 16, 16, 32, CB_BF16, CB_BF16, CB_BF16},
    {CB_CONV_WINOGRAD, 3, 64, 8, 8, 64, CB_BF16, CB_BF16, CB_BF16},
};
enum { SHAPES = sizeof shapes / sizeof *shapes };

/* |matrix| from the left and right: out[a][b] = sum over i, j of |l[i][a]| in[i][j] |r[j][b]|, all row-major, l and r m
 * x n. */
static void absolute_2d(const double *matrix, size_t m, size_t n, const double *in, double *out)
{
    for (size_t a = 0; a < n; a++)
        for (size_t b = 0; b < n; b++) {
            out[a * n + b] = 0;
            for (size_t i = 0; i < m; i++)
                for (size_t j = 0; j < m; j++)
                    out[a * n + b] += fabs(matrix[i * n + a]) * in[i * m + j] * fabs(matrix[j * n + b]);
        }
}

static void transposed(const double *matrix, size_t m, size_t n, double *to)
{
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < n; j++) to[j * m + i] = matrix[i * n + j];
}

/* A tensor's values as it is stored, from floats; and the other way round. */
static void *as_stored(const struct cb_conv_shape *s, const float *from, size_t n)
{
    if (s->storage == CB_F32) return check_copy(from, n);
    uint16_t *to = check_stored(CB_BF16, n);
    for (size_t i = 0; i < n; i++) to[i] = cb_bf16_of(from[i]);
    return to;
}

static float *as_floats(const struct cb_conv_shape *s, const void *from, size_t n)
{
    if (s->storage == CB_F32) return check_copy(from, n);
    float *to = check_floats(n);
    for (size_t i = 0; i < n; i++) to[i] = cb_bf16_value(((const uint16_t *)from)[i]);
    return to;
}

/* Element of [N][C/16][H][W][16], 0 outside the map. */
static double pixel(const struct cb_conv_shape *s, const float *map, size_t channels, size_t n, size_t c, size_t h,
                    size_t w)
{
    if (h >= s->h || w >= s->w) return 0; /* also what wraps below 0 */
    return (double)map[(((n * (channels / CB_LANES) + c / CB_LANES) * s->h + h) * s->w + w) * CB_LANES + c % CB_LANES];
}

static size_t at(const struct cb_conv_shape *s, size_t channels, size_t n, size_t c, size_t h, size_t w)
{
    return (((n * (channels / CB_LANES) + c / CB_LANES) * s->h + h) * s->w + w) * CB_LANES + c % CB_LANES;
}

/* |B^T| |d| |B| of the tile at (row, col) */
static void input_magnitude(const struct cb_conv_shape *s, const float *map, size_t channels, size_t n, size_t c,
                            size_t row, size_t col, double v[36])
{
    double d[36];
    for (size_t i = 0; i < 36; i++) d[i] = fabs(pixel(s, map, channels, n, c, row + i / 6 - 1, col + i % 6 - 1));
    absolute_2d(&B[0][0], 6, 6, d, v);
}

struct case_data {
    const struct cb_conv_shape *s;
    size_t c, k;       /* what is summed over, and the channels of the result */
    const float *map;  /* the operand: [N][C/16][H][W][16] */
    const float *oihw; /* [K][C][3][3] */
};

/* want and magnitude of a convolution of the map: forward, or dX with the weights turned round. */
static void convolve(const struct case_data *d, double *want, double *magnitude)
{
    const struct cb_conv_shape *s = d->s;
    double gt[18], at_[24];
    transposed(&G[0][0], 6, 3, gt);
    transposed(&A[0][0], 6, 4, at_);
    static double u[64][64][36], v[64][36];
    for (size_t k = 0; k < d->k; k++)
        for (size_t c = 0; c < d->c; c++) {
            double g[9];
            for (size_t i = 0; i < 9; i++) g[i] = fabs((double)d->oihw[(k * d->c + c) * 9 + i]);
            absolute_2d(gt, 3, 6, g, u[k][c]);
        }
    for (size_t n = 0; n < s->n; n++)
        for (size_t row = 0; row < s->h; row += 4)
            for (size_t col = 0; col < s->w; col += 4) {
                for (size_t c = 0; c < d->c; c++) input_magnitude(s, d->map, d->c, n, c, row, col, v[c]);
                for (size_t k = 0; k < d->k; k++) {
                    double m[36] = {0}, out[16];
                    for (size_t c = 0; c < d->c; c++)
                        for (size_t t = 0; t < 36; t++) m[t] += u[k][c][t] * v[c][t];
                    absolute_2d(&A[0][0], 6, 4, m, out);
                    for (size_t i = 0; i < 16; i++) {
                        size_t h = row + i / 4, w = col + i % 4, to = at(s, d->k, n, k, h, w);
                        magnitude[to] = (gamma_of(d->c + FORWARD_ROUNDINGS) + operand_error(s)) * out[i];
                        want[to] = 0;
                        for (size_t c = 0; c < d->c; c++)
                            for (size_t r = 0; r < 9; r++)
                                want[to] += pixel(s, d->map, d->c, n, c, h + r / 3 - 1, w + r % 3 - 1) *
                                            (double)d->oihw[(k * d->c + c) * 9 + r];
                        magnitude[to] += storage_error(s) * (fabs(want[to]) + magnitude[to]);
                    }
                }
            }
}

/* want and magnitude of dW [K][C][3][3] from x and dy. */
static void convolve_weights(const struct cb_conv_shape *s, const float *x, const float *dy, double *want,
                             double *magnitude)
{
    double at_[24], gt_in[36];
    transposed(&A[0][0], 6, 4, at_);
    size_t tiles = s->h / 4 * (s->w / 4);
    for (size_t k = 0; k < s->k; k++)
        for (size_t c = 0; c < s->c; c++) {
            double du[36] = {0};
            for (size_t n = 0; n < s->n; n++)
                for (size_t row = 0; row < s->h; row += 4)
                    for (size_t col = 0; col < s->w; col += 4) {
                        double d[16], a[36], v[36];
                        for (size_t i = 0; i < 16; i++) d[i] = fabs(pixel(s, x, s->c, n, c, row + i / 4, col + i % 4));
                        absolute_2d(at_, 4, 6, d, a);
                        input_magnitude(s, dy, s->k, n, k, row, col, v);
                        for (size_t t = 0; t < 36; t++) du[t] += a[t] * v[t];
                    }
            absolute_2d(&G[0][0], 6, 3, du, gt_in);
            for (size_t r = 0; r < 9; r++) {
                size_t to = (k * s->c + c) * 9 + r;
                magnitude[to] = (gamma_of(s->n * tiles + WEIGHTS_ROUNDINGS) + operand_error(s)) * gt_in[8 - r];
                want[to] = 0;
                for (size_t n = 0; n < s->n; n++)
                    for (size_t h = 0; h < s->h; h++)
                        for (size_t w = 0; w < s->w; w++)
                            want[to] +=
                                pixel(s, x, s->c, n, c, h + r / 3 - 1, w + r % 3 - 1) * pixel(s, dy, s->k, n, k, h, w);
            }
        }
}

/* Prints how far the result is from double precision, and checks the bound. */
static void check(const char *what, const struct cb_conv_shape *s, const float *got, const double *want,
                  const double *bound, size_t n)
{
    double worst = 0, share = 0, square = 0, error = 0;
    for (size_t i = 0; i < n; i++) {
        double e = fabs((double)got[i] - want[i]);
        worst = fmax(worst, e);
        share = fmax(share, e / bound[i]);
        square += want[i] * want[i];
        error += e * e;
    }
    double rms = sqrt(square / (double)n);
    printf("# %s %zu>%zu@%zux%zu%s: largest error / rms %.1e, relative rms %.1e, largest share of the bound %.3f\n",
           what, s->c, s->k, s->h, s->w, s->storage == CB_BF16 ? " bf16" : "", worst / rms, sqrt(error / square),
           share);
    check_near(what, got, want, bound, n);
}

static void test_forward(const struct cb_conv_shape *s)
{
    size_t weights = cb_conv_weights(s), in = s->n * s->c * s->h * s->w, out = s->n * s->k * s->h * s->w;
    void *x = as_stored(s, filled(in, CHECK_NORMAL, 1), in), *y = check_stored(s->storage, out);
    float *oihw = filled(weights, CHECK_NORMAL, 2), *w = check_floats(weights);
    cb_conv_pack_oihw(s, oihw, w);
    struct cb_team *team = check_team(1, cb_conv_scratch_bytes(s));
    cb_conv_forward(team,
                    &(struct cb_conv_fwd){
                        .shape = *s, .source.x = x, .w = w, .y = y, .workspace = check_floats(cb_conv_workspace(s))});
    cb_team_destroy(team);
    double *want = check_doubles(out), *bound = check_doubles(out);
    convolve(&(struct case_data){s, s->c, s->k, as_floats(s, x, in), oihw}, want, bound);
    check("y", s, as_floats(s, y, out), want, bound, out);
}

static void test_backward(const struct cb_conv_shape *s)
{
    size_t weights = cb_conv_weights(s), in = s->n * s->c * s->h * s->w, out = s->n * s->k * s->h * s->w;
    void *x = as_stored(s, filled(in, CHECK_NORMAL, 1), in), *dy = as_stored(s, filled(out, CHECK_NORMAL, 3), out),
         *dx = check_stored(s->storage, in);
    float *oihw = filled(weights, CHECK_NORMAL, 2), *w = check_floats(weights), *wt = check_floats(weights),
          *dw = check_floats(weights), *got = check_floats(weights);
    cb_conv_pack_oihw(s, oihw, w);
    cb_conv_transpose(s, w, wt);
    struct cb_team *team = check_team(1, cb_conv_scratch_bytes(s));
    cb_conv_backward(team, &(struct cb_conv_bwd){.shape = *s,
                                                 .dy.g = dy,
                                                 .source.x = x,
                                                 .wt = wt,
                                                 .dx = dx,
                                                 .dw_groups = check_floats(CB_IMAGE_GROUPS * weights),
                                                 .dw = dw,
                                                 .workspace = check_floats(cb_conv_workspace(s))});
    cb_team_destroy(team);
    double *want = check_doubles(in), *bound = check_doubles(in);
    /* dX is a convolution of dY with the weights turned round, inputs and outputs exchanged. */
    float *turned = check_floats(weights);
    for (size_t k = 0; k < s->k; k++)
        for (size_t c = 0; c < s->c; c++)
            for (size_t r = 0; r < 9; r++) turned[(c * s->k + k) * 9 + 8 - r] = oihw[(k * s->c + c) * 9 + r];
    convolve(&(struct case_data){s, s->k, s->c, as_floats(s, dy, out), turned}, want, bound);
    check("dx", s, as_floats(s, dx, in), want, bound, in);
    double *want_w = check_doubles(weights), *bound_w = check_doubles(weights);
    convolve_weights(s, as_floats(s, x, in), as_floats(s, dy, out), want_w, bound_w);
    cb_conv_unpack_oihw(s, dw, got);
    check("dw", s, got, want_w, bound_w, weights);
}

/* Every constant is the nearest float to what a and b make of it: the bound of bf16 is too wide to see one that is
 * slightly off. */
static void test_points(const char *format, const struct cb_winograd_points *p, double a, double b)
{
    double n0 = 1 / (a * a * b * b), na = 1 / (2 * a * a * (a * a - b * b)), nb = 1 / (2 * b * b * (b * b - a * a));
    const struct {
        const char *name;
        float got;
        double want;
    } constants[] = {{"a", p->a, a},
                     {"b", p->b, b},
                     {"a2", p->a2, a * a},
                     {"b2", p->b2, b * b},
                     {"a3", p->a3, a * a * a},
                     {"b3", p->b3, b * b * b},
                     {"sum", p->sum, a * a + b * b},
                     {"product", p->product, a * a * b * b},
                     {"n0", p->n0, n0},
                     {"na", p->na, na},
                     {"nb", p->nb, nb},
                     {"a_na", p->a_na, a * na},
                     {"b_nb", p->b_nb, b * nb},
                     {"b2_nb", p->b2_nb, b * b * nb}};
    check_begin(CB_ISA_SCALAR, "winograd: the constants of the points of %s", format);
    for (size_t i = 0; i < sizeof constants / sizeof *constants; i++)
        check_true(constants[i].got == (float)constants[i].want, "%s is %.9g, not %.9g", constants[i].name,
                   (double)constants[i].got, constants[i].want);
    check_end();
}

/* A NaN reaches every output that depends on its pixel, and none of a tile that does not read it. */
static void test_nan(void)
{
    check_begin(CB_ISA_SCALAR, "winograd: a NaN spoils the tiles that read it and no others");
    struct cb_conv_shape s = {CB_CONV_WINOGRAD, 1, 16, 12, 12, 16};
    size_t n = 16 * 12 * 12;
    float *x = filled(n, CHECK_NORMAL, 1), *w = filled(cb_conv_weights(&s), CHECK_NORMAL, 2), *y = check_floats(n);
    x[(6 * 12 + 6) * CB_LANES + 3] = NAN; /* inside the middle tile's own pixels: its neighbours do not read it */
    struct cb_team *team = check_team(1, cb_conv_scratch_bytes(&s));
    cb_conv_forward(team,
                    &(struct cb_conv_fwd){
                        .shape = s, .source.x = x, .w = w, .y = y, .workspace = check_floats(cb_conv_workspace(&s))});
    cb_team_destroy(team);
    for (size_t h = 0; h < 12; h++)
        for (size_t q = 0; q < 12; q++)
            for (size_t k = 0; k < CB_LANES; k++) {
                int nan = isnan(y[(h * 12 + q) * CB_LANES + k]), near = h >= 5 && h <= 7 && q >= 5 && q <= 7;
                int tile = h / 4 == 1 && q / 4 == 1;
                check_true(tile ? !near || nan : !nan, "y[%zu][%zu][%zu] is %s NaN", h, q, k, nan ? "" : "not");
            }
    check_end();
}

int main(void)
{
    check_select(CB_ISA_SCALAR);
    for (size_t i = 0; i < SHAPES; i++) {
        const struct cb_conv_shape *s = &shapes[i];
        const char *formats = s->storage == CB_BF16 ? ", bf16" : "";
        if (s->storage == CB_BF16)
            set_points(3. / 4, 3. / 2);
        else
            set_points(1, 2);
        check_begin(CB_ISA_SCALAR, "winograd %zu>%zu@%zux%zu%s forward against double precision", s->c, s->k, s->h,
                    s->w, formats);
        test_forward(s);
        check_end();
        check_begin(CB_ISA_SCALAR, "winograd %zu>%zu@%zux%zu%s backward against double precision", s->c, s->k, s->h,
                    s->w, formats);
        test_backward(s);
        check_end();
    }
    test_points("f32", &cb_winograd_points_f32, 1, 2);
    test_points("bf16", &cb_winograd_points_bf16, 3. / 4, 3. / 2);
    test_nan();
    return check_finish();
}
