#include "model/model.h"

#include <stdio.h>
#include <string.h>

struct cb_network cb_network_resnet(size_t depth)
{
#define IS_KNOWN(known) || depth == known
    if (!(0 CB_RESNET_DEPTHS(IS_KNOWN))) return (struct cb_network){0};
    const size_t n = (depth - 2) / 6;
    return (struct cb_network){.stages = 3,
                               .blocks = {n, n, n},
                               .widths = {16, 32, 64},
                               .side = CB_IMAGE_SIDE,
                               .classes = 10,
                               .shortcut = 'A'};
}

static size_t total_blocks(const struct cb_network *network)
{
    size_t total = 0;
    for (size_t i = 0; i < network->stages; i++) total += network->blocks[i];
    return total;
}

size_t cb_network_depth(const struct cb_network *network)
{
    return 2 * total_blocks(network) + 2;
}

void cb_network_name(const struct cb_network *network, char name[CB_NETWORK_NAME])
{
    snprintf(name, CB_NETWORK_NAME, "resnet%zu", cb_network_depth(network));
}

static enum cb_status check_stages(const struct cb_network *network, struct cb_error *err)
{
#define NAMED(depth) " " #depth
    if (network->stages < 1 || network->stages > CB_MAX_STAGES)
        return cb_fail(
            err, CB_BAD_INPUT,
            "network: expected 1 to %d stages, got %zu (a CIFAR ResNet has one of the depths" CB_RESNET_DEPTHS(
                NAMED) ")",
            CB_MAX_STAGES, network->stages);
    for (size_t i = 0; i < network->stages; i++) {
        if (network->blocks[i] < 1 || network->blocks[i] > CB_MAX_BLOCKS)
            return cb_fail(err, CB_BAD_INPUT, "network: stage %zu: expected 1 to %d blocks, got %zu", i + 1,
                           CB_MAX_BLOCKS, network->blocks[i]);
        if (i && network->shortcut == 'A' && network->widths[i] != 2 * network->widths[i - 1])
            return cb_fail(err, CB_BAD_INPUT,
                           "network: stage %zu: shortcut A doubles the width, expected %zu, got %zu; take shortcut B",
                           i + 1, 2 * network->widths[i - 1], network->widths[i]);
    }
    if (total_blocks(network) > CB_MAX_BLOCKS)
        return cb_fail(err, CB_BAD_INPUT, "network: expected at most %d blocks, got %zu", CB_MAX_BLOCKS,
                       total_blocks(network));
    return CB_OK;
}

enum cb_status cb_network_check(const struct cb_network *network, struct cb_error *err)
{
    if (network->shortcut != 'A' && network->shortcut != 'B')
        return cb_fail(err, CB_BAD_INPUT, "network: shortcut must be A or B, got '%c'", network->shortcut);
    if (network->numerics >= CB_NUMERICS_COUNT)
        return cb_fail(err, CB_BAD_INPUT, "network: unknown numerics version %d", (int)network->numerics);
    if (network->classes < 1 || network->classes > CB_MAX_CLASSES)
        return cb_fail(err, CB_BAD_INPUT, "network: expected 1 to %d classes, got %zu", CB_MAX_CLASSES,
                       network->classes);
    return check_stages(network, err);
}
