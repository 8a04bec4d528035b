/* PyTorch: a training step, in a process of its own (torch_step.py, which suites/torch_side.c starts). */
#include "peer.h"

const struct cb_peer cb_peer_pytorch = {.name = "PyTorch",
                                        .package = "python3-torch",
                                        .prefixes = {"ATEN_", "TORCH_", "MKL_"},
                                        .own_threads = true,
                                        .own_process = true};
