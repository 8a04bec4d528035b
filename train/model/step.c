#include "model/plan.h"

static void dense(struct cb_model *m, struct cb_team *team, size_t n, const uint8_t *labels, int training)
{
    double start = cb_profile_start();
    cb_dense_loss(team, &(struct cb_dense_loss){
                            .n = n,
                            .c = m->features,
                            .j = m->network.classes,
                            .pooled = m->pooled,
                            .weight = m->linear_weight,
                            .bias = m->linear_bias,
                            .labels = labels,
                            .logits = m->logits,
                            .loss = m->losses,
                            .correct = m->correct,
                            .dpooled = training ? m->dpooled : NULL,
                            .dweight = training ? cb_model_part(m, m->linear_weight, m->gradients) : NULL,
                            .dbias = training ? cb_model_part(m, m->linear_bias, m->gradients) : NULL,
                            .groups = m->dense_groups,
                        });
    cb_profile_add(m, CB_ROW_HEAD, start, 0);
}

struct cb_step_result cb_model_train_step(struct cb_model *m, struct cb_team *team,
                                          const struct cb_step_options *options)
{
    cb_model_forward(m, team, options->n, 1);
    dense(m, team, options->n, options->labels, 1);
    cb_model_backward(m, team, options->n);
    struct cb_step_result result = {.loss = cb_mean(m->losses, options->n)};
    for (size_t i = 0; i < options->n; i++) result.correct += m->correct[i];
    return result;
}

void cb_model_update(struct cb_model *m, struct cb_team *team, const struct cb_step_options *options)
{
    double start = cb_profile_start();
    cb_sgd_update(team, &(struct cb_sgd){.len = m->parameters_len,
                                         .w = m->parameters,
                                         .v = m->velocity,
                                         .grad = m->gradients,
                                         .lr = options->lr,
                                         .momentum = options->momentum,
                                         .weight_decay = options->weight_decay,
                                         .nesterov = options->nesterov});
    cb_profile_add(m, CB_ROW_SGD, start, 0);
}

void cb_model_infer(struct cb_model *m, struct cb_team *team, size_t n, const uint8_t *labels)
{
    cb_model_forward(m, team, n, 0);
    dense(m, team, n, labels, 0);
}

const float *cb_model_losses(const struct cb_model *m)
{
    return m->losses;
}

const uint8_t *cb_model_correct(const struct cb_model *m)
{
    return m->correct;
}

const float *cb_model_logits(const struct cb_model *m)
{
    return m->logits;
}
