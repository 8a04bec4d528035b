#include <assert.h>
#include <string.h>

#include "kernels.h"
#include "ref/ref.h"

/* Dense layer and softmax cross-entropy: 640 of an image's 125 million multiply-adds, so plain C, built like ref/ for
 * an inline fma. One task is a group of images: it alone adds to the group's share of the weight gradient. */

CB_REF_INLINE void set_logits(const struct cb_dense_loss *args, const float *pooled, float *logits)
{
    for (size_t j = 0; j < args->j; j++) {
        float sum = args->bias[j];
        for (size_t c = 0; c < args->c; c++) sum = __builtin_fmaf(args->weight[j * args->c + c], pooled[c], sum);
        logits[j] = sum;
    }
}

/* No logit is larger than the label's, and none before it is equal. False if one of them is NaN. */
static uint8_t is_largest(const float *logits, size_t count, size_t label)
{
    for (size_t j = 0; j < count; j++) {
        if (j == label ? logits[j] != logits[j] : !(j < label ? logits[label] > logits[j] : logits[label] >= logits[j]))
            return 0;
    }
    return 1;
}

/* Returns the loss; softmax[j] = exp(logit - largest) / sum. */
static float softmax_loss(const float *logits, size_t count, size_t label, double *softmax)
{
    float largest = logits[0];
    for (size_t j = 1; j < count; j++)
        if (logits[j] > largest) largest = logits[j];
    double sum = 0;
    for (size_t j = 0; j < count; j++) {
        softmax[j] = cb_exp((double)logits[j] - (double)largest);
        sum += softmax[j];
    }
    for (size_t j = 0; j < count; j++) softmax[j] /= sum;
    return (float)(cb_log(sum) - ((double)logits[label] - (double)largest));
}

CB_REF_INLINE void dense_backward_image(const struct cb_dense_loss *args, size_t image, const double *softmax,
                                        float *dweight, float *dbias)
{
    size_t c_end = args->c, label = args->labels[image];
    const float *pooled = args->pooled + image * c_end;
    float *dpooled = args->dpooled + image * c_end;
    memset(dpooled, 0, c_end * sizeof *dpooled);
    for (size_t j = 0; j < args->j; j++) {
        float d = (float)((softmax[j] - (j == label)) / (double)args->n);
        const float *weight = args->weight + j * c_end;
        for (size_t c = 0; c < c_end; c++) {
            dpooled[c] = __builtin_fmaf(weight[c], d, dpooled[c]);
            dweight[j * c_end + c] = __builtin_fmaf(d, pooled[c], dweight[j * c_end + c]);
        }
        dbias[j] += d;
    }
}

/* The group's part of the work space: first all groups' dweight, then all groups' dbias. */
static float *group_dweight(const struct cb_dense_loss *args, size_t group)
{
    return args->groups + group * args->j * args->c;
}

static float *group_dbias(const struct cb_dense_loss *args, size_t group)
{
    return group_dweight(args, CB_IMAGE_GROUPS) + group * args->j;
}

CB_REF static void dense_group(void *context, size_t group, void *scratch)
{
    (void)scratch;
    const struct cb_dense_loss *args = context;
    size_t first, end;
    cb_group_range(args->n, group, &first, &end);
    if (args->dpooled) {
        memset(group_dweight(args, group), 0, args->j * args->c * sizeof(float));
        memset(group_dbias(args, group), 0, args->j * sizeof(float));
    }
    for (size_t image = first; image < end; image++) {
        float *logits = args->logits + image * args->j;
        set_logits(args, args->pooled + image * args->c, logits);
        if (!args->labels) continue;
        size_t label = args->labels[image];
        double softmax[CB_MAX_CLASSES];
        args->loss[image] = softmax_loss(logits, args->j, label, softmax);
        args->correct[image] = is_largest(logits, args->j, label);
        if (args->dpooled)
            dense_backward_image(args, image, softmax, group_dweight(args, group), group_dbias(args, group));
    }
}

void cb_dense_loss(struct cb_team *team, const struct cb_dense_loss *args)
{
    assert(args->j >= 1 && args->j <= CB_MAX_CLASSES && (args->labels || !args->dpooled));
    struct cb_dense_loss copy = *args;
    cb_team_run(team, CB_IMAGE_GROUPS, dense_group, &copy);
    if (!args->dpooled) return;
    cb_group_reduce(team, group_dweight(args, 0), args->j * args->c, args->dweight);
    cb_group_reduce(team, group_dbias(args, 0), args->j, args->dbias);
}
