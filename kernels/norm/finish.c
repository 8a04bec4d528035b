#include <assert.h>
#include <string.h>

#include "kernels.h"

/* From per-image sums to the coefficients of a layer, in double: the sums of a batch-norm layer are a few KB, its
 * result steers all the activations. Comparisons are written so that a NaN stays one. */

/* total[0..15] and total[16..31]: the two sums of one block of channels over the batch. */
static void sum_images(const float *sums, size_t n, size_t blocks, size_t block, double total[2 * CB_LANES])
{
    double groups[CB_IMAGE_GROUPS][2 * CB_LANES] = {0};
    for (size_t g = 0; g < CB_IMAGE_GROUPS; g++) {
        size_t image, end;
        for (cb_group_range(n, g, &image, &end); image < end; image++) {
            const float *s = sums + (image * blocks + block) * 2 * CB_LANES;
            for (size_t i = 0; i < 2 * CB_LANES; i++) groups[g][i] += (double)s[i];
        }
    }
    for (size_t d = 1; d < CB_IMAGE_GROUPS; d *= 2)
        for (size_t g = 0; g < CB_IMAGE_GROUPS; g += 2 * d)
            for (size_t i = 0; i < 2 * CB_LANES; i++) groups[g][i] += groups[g + d][i];
    memcpy(total, groups[0], sizeof groups[0]);
}

static float mix(float running, double now, float momentum)
{
    return (float)((1.0 - (double)momentum) * (double)running + (double)momentum * now);
}

/* scale and shift of channel c. */
static void set_normalisation(const struct cb_bn *bn, size_t c, double mean, double invstd)
{
    double scale = (double)bn->gamma[c] * invstd;
    bn->scale[c] = (float)scale;
    bn->shift[c] = (float)((double)bn->beta[c] - mean * scale);
}

void cb_bn_finish_forward(const struct cb_bn *bn, const float *stats, size_t n, size_t map, float momentum, float eps)
{
    double count = (double)n * (double)map;
    assert(count > 1); /* one value has no unbiased variance */
    size_t blocks = bn->c / CB_LANES;
    for (size_t block = 0; block < blocks; block++) {
        double total[2 * CB_LANES];
        sum_images(stats, n, blocks, block, total);
        for (size_t lane = 0; lane < CB_LANES; lane++) {
            size_t c = block * CB_LANES + lane;
            double mean = total[lane] / count;
            double var = total[CB_LANES + lane] / count - mean * mean;
            if (var < 0) var = 0; /* rounding; the exact value is not negative */
            double invstd = 1.0 / __builtin_sqrt(var + (double)eps);
            bn->mean[c] = (float)mean;
            bn->invstd[c] = (float)invstd;
            set_normalisation(bn, c, mean, invstd);
            bn->running_mean[c] = mix(bn->running_mean[c], mean, momentum);
            bn->running_var[c] = mix(bn->running_var[c], var * (count / (count - 1.0)), momentum);
        }
    }
}

void cb_bn_inference(const struct cb_bn *bn, float eps)
{
    for (size_t c = 0; c < bn->c; c++)
        set_normalisation(bn, c, (double)bn->running_mean[c],
                          1.0 / __builtin_sqrt((double)bn->running_var[c] + (double)eps));
}

void cb_bn_finish_backward(const struct cb_bn *bn, const float *sums, size_t n, size_t map)
{
    double count = (double)n * (double)map;
    size_t blocks = bn->c / CB_LANES;
    for (size_t block = 0; block < blocks; block++) {
        double total[2 * CB_LANES];
        sum_images(sums, n, blocks, block, total);
        for (size_t lane = 0; lane < CB_LANES; lane++) {
            size_t c = block * CB_LANES + lane;
            double s1 = total[lane], s2 = total[CB_LANES + lane], invstd = (double)bn->invstd[c];
            double a = (double)bn->gamma[c] * invstd;
            double b = -a * invstd * invstd * s2 / count;
            bn->dbeta[c] = (float)s1;
            bn->dgamma[c] = (float)(s2 * invstd);
            bn->a[c] = (float)a;
            bn->b[c] = (float)b;
            bn->coef[c] = (float)(-a * s1 / count - b * (double)bn->mean[c]);
        }
    }
}
