#!/usr/bin/python3
"""Five SGD steps of ResNet-20 by PyTorch in float64: prints golden_steps.txt, which test_golden_steps.c reads.

    /usr/bin/python3 train/test/golden_steps.py > train/test/golden_steps.txt

Draws images, initial weights and signs itself, by Philox from their definitions (pinned_steps.c, model/tensors.c); it
reads nothing that the project computed. The same in float32 says how near PyTorch's own float32 comes.
"""
import numpy as np
import torch
import torch.nn.functional as F

STEPS, BATCH, SEED, INIT_SEED = 5, 3, 1, 23  # chosen: no ReLU input lies within a rounding of 0, where float32 takes another sign
LR, MOMENTUM, DECAY = 0.002, 0.9, 1e-4
MEAN, STD = (0.4914, 0.48216, 0.44653), (0.24703, 0.24349, 0.26159)
INIT, SYNTHETIC = 1, 4  # purposes of draws, kernels/core/random.h


def philox(seed, purpose, major, minor):
    """Philox4x32-10 (Salmon et al., SC 2011) with counters {minor, 0, major, purpose}: [len(minor)][4]."""
    minor = np.asarray(minor, np.uint64)
    x = [minor & 0xFFFFFFFF, minor >> np.uint64(32), np.full_like(minor, major), np.full_like(minor, purpose)]
    key = [seed & 0xFFFFFFFF, seed >> 32]
    for _ in range(10):
        a, b = x[0] * np.uint64(0xD2511F53), x[2] * np.uint64(0xCD9E8D57)
        x = [(b >> np.uint64(32)) ^ x[1] ^ np.uint64(key[0]), b & 0xFFFFFFFF,
             (a >> np.uint64(32)) ^ x[3] ^ np.uint64(key[1]), a & 0xFFFFFFFF]
        key = [(key[0] + 0x9E3779B9) & 0xFFFFFFFF, (key[1] + 0xBB67AE85) & 0xFFFFFFFF]
    return np.stack(x, 1).astype(np.uint32)


def words(seed, purpose, major, n):
    return philox(seed, purpose, major, np.arange((n + 3) // 4)).reshape(-1)[:n]


def images(n):
    labels, pixels = [], []
    channel, row, column = np.meshgrid(np.arange(3), np.arange(32), np.arange(32), indexing="ij")
    for image in range(n):
        label = int(philox(SEED, SYNTHETIC, image, [0xFFFFFFFFFFFFFFFF])[0, 0] % 10)
        phase = 8 * (row * (label % 4) + column * (label // 4 + 1) + 5 * channel) % 256
        wave = np.where(phase < 128, 2 * phase, 511 - 2 * phase)
        noise = (words(SEED, SYNTHETIC, image, 3072) >> 24).reshape(3, 32, 32)
        labels.append(label)
        pixels.append((wave + noise) // 2)
    mean, std = (np.array(v).reshape(3, 1, 1) for v in (MEAN, STD))
    return torch.tensor((np.array(pixels) / 255 - mean) / std), torch.tensor(labels)


def shapes():
    """Names and shapes in the network's order: option B, the names of akamaster/pytorch_resnet_cifar10."""
    def norm(prefix, k):
        return [(f"{prefix}.{part}", (k,)) for part in ("weight", "bias", "running_mean", "running_var")]
    out = [("conv1.weight", (16, 3, 3, 3))] + norm("bn1", 16)
    c = 16
    for stage, k in ((1, 16), (2, 32), (3, 64)):
        for block in range(3):
            p = f"layer{stage}.{block}"
            out += [(f"{p}.conv1.weight", (k, c, 3, 3))] + norm(f"{p}.bn1", k)
            out += [(f"{p}.conv2.weight", (k, k, 3, 3))] + norm(f"{p}.bn2", k)
            if c != k:
                out += [(f"{p}.downsample.0.weight", (k, c, 1, 1))] + norm(f"{p}.downsample.1", k)
            c = k
    return out + [("linear.weight", (10, 64)), ("linear.bias", (10,))]


def initial(index, name, shape):
    """PyTorch 0.3's initialisation, rounded to float32 as the project stores it."""
    if name.endswith("running_var"):
        return np.ones(shape, np.float32)
    if name.endswith("running_mean") or (".bias" in name and name != "linear.bias"):
        return np.zeros(shape, np.float32)
    unit = (words(INIT_SEED, INIT, index, int(np.prod(shape))) >> 8) * 2.0**-24
    bound = 1 / 8 if name.startswith("linear") else 1 / np.sqrt(np.prod(shape[1:]))
    return (unit if len(shape) == 1 and name != "linear.bias" else bound * (2 * unit - 1)).astype(np.float32).reshape(shape)


def forward(w, x):
    def norm(x, p):
        return F.batch_norm(x, w[p + ".running_mean"], w[p + ".running_var"], w[p + ".weight"], w[p + ".bias"], True, 0.1, 1e-5)
    x = F.relu(norm(F.conv2d(x, w["conv1.weight"], padding=1), "bn1"))
    for stage in (1, 2, 3):
        for block in range(3):
            p = f"layer{stage}.{block}"
            stride = 2 if stage > 1 and block == 0 else 1
            y = F.relu(norm(F.conv2d(x, w[p + ".conv1.weight"], stride=stride, padding=1), p + ".bn1"))
            y = norm(F.conv2d(y, w[p + ".conv2.weight"], padding=1), p + ".bn2")
            r = norm(F.conv2d(x, w[p + ".downsample.0.weight"], stride=2), p + ".downsample.1") if stride == 2 else x
            x = F.relu(y + r)
    return F.linear(x.mean((2, 3)), w["linear.weight"], w["linear.bias"])


def sign(direction, index, n):
    return np.where(philox(direction, SYNTHETIC, index, np.arange(n))[:, 0] & 1, 1.0, -1.0)


def train(dtype):
    """Losses; of each tensor the 2-norm and the products with two vectors of +-1: of gradients of step 0, and after."""
    x, labels = images(STEPS * BATCH)
    x = x.to(dtype)
    w = {name: torch.tensor(initial(i, name, shape)).to(dtype) for i, (name, shape) in enumerate(shapes())}
    trained = [name for name in w if "running" not in name]
    for name in trained:
        w[name].requires_grad_()
    sgd = torch.optim.SGD([w[name] for name in trained], LR, MOMENTUM, weight_decay=DECAY)
    sums, losses = {}, []

    def measure(what, name, tensor):
        v = tensor.detach().double().numpy().reshape(-1)
        index = list(w).index(name)
        sums[what, name] = [np.sqrt(v @ v)] + [v @ sign(d, index, len(v)) for d in (0, 1)]
    for k in range(STEPS):
        batch = slice(k * BATCH, (k + 1) * BATCH)
        loss = F.cross_entropy(forward(w, x[batch]), labels[batch])
        sgd.zero_grad()
        loss.backward()
        losses.append(loss.item())
        for name in trained if k == 0 else []:
            measure("gradient", name, w[name].grad)
        sgd.step()
    for name in w:
        measure("after", name, w[name])
    return losses, sums


def distance(sums, exact, what):
    return max(max(abs(a - b) for a, b in zip(sums[key], exact[key])) / exact[key][0] for key in exact if key[0] == what)


def main():
    losses, exact = train(torch.float64)
    losses32, sums32 = train(torch.float32)
    print("# Five steps of ResNet-20, option B, torch03, computed in float64 by PyTorch (golden_steps.py, beside this file).")
    print("# settings: batch, seed of the weights, lr, momentum, weight decay; batch i holds images 3 i to 3 i + 2 of pinned_steps.c, as they are")
    print(f"settings {BATCH} {INIT_SEED} {LR} {MOMENTUM} {DECAY}")
    print("# float32: how far PyTorch's float32 is from it: losses, gradients, after (largest, relative to the tensor's norm)")
    print("float32 %.3e %.3e %.3e" % (max(abs(a - b) for a, b in zip(losses, losses32)), distance(sums32, exact, "gradient"), distance(sums32, exact, "after")))
    print("# loss: float64, PyTorch float32")
    for pair in zip(losses, losses32):
        print("loss %.12f %.12f" % pair)
    print("# gradient (of step 0) or after (step 4), tensor, 2-norm, products with the vectors of +-1 of seeds 0 and 1")
    for (what, name), values in exact.items():
        print(what, name, *("%.9e" % v for v in values))


main()
