"""A training step of a CIFAR ResNet in PyTorch, on request, for `cyclebench bench`.

Usage: torch_step.py --depth 56 --shortcut B --batch 512 --threads 2

Protocol, a line each way: prints "ready {JSON}" when the network is built; each "step" read from standard input runs one
training step (forward, loss, backward, SGD update) and prints its seconds; "step bf16" the same under bf16 autocast;
"memory" prints the peak resident bytes; "quit" or end of file ends the program. Between requests it sleeps, so that the asker can measure something else on the same cores.

The network is the one that cyclebench trains (He et al. 2015, section 4.2): option A or B shortcuts, batch norm, SGD with
momentum and weight decay. Everything is what a PyTorch user would write, in channels_last, which is its faster layout on CPUs.
"""
import argparse
import json
import resource
import signal
import sys
import time

try:
    import torch
    import torch.nn as nn
    import torch.nn.functional as F
except ImportError as missing:
    sys.exit(f"torch_step: {missing}; on Debian and Ubuntu: apt install python3-torch")


class SubsampleAndPad(nn.Module):
    """Option A: every second row and column, new channels zero, half of them on each side."""

    def forward(self, x):
        pad = x.shape[1] // 2
        return F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, pad, pad))


class BasicBlock(nn.Module):
    def __init__(self, c, k, shortcut):
        super().__init__()
        stride = 1 if c == k else 2
        self.conv1 = nn.Conv2d(c, k, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(k)
        self.conv2 = nn.Conv2d(k, k, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(k)
        self.downsample = nn.Identity()
        if c != k and shortcut == "A":
            self.downsample = SubsampleAndPad()
        elif c != k:
            self.downsample = nn.Sequential(nn.Conv2d(c, k, 1, stride, bias=False), nn.BatchNorm2d(k))

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)), inplace=True)
        y = self.bn2(self.conv2(y))
        return F.relu(y + self.downsample(x), inplace=True)


class ResNet(nn.Module):
    def __init__(self, depth, shortcut):
        super().__init__()
        blocks = (depth - 2) // 6
        widths = [16] + [16] * blocks + [32] * blocks + [64] * blocks
        self.conv1 = nn.Conv2d(3, 16, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(16)
        self.blocks = nn.Sequential(*(BasicBlock(c, k, shortcut) for c, k in zip(widths, widths[1:])))
        self.linear = nn.Linear(64, 10)

    def forward(self, x):
        z = self.blocks(F.relu(self.bn1(self.conv1(x)), inplace=True))
        return self.linear(z.mean(dim=(2, 3)))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--depth", type=int, default=56)
    parser.add_argument("--shortcut", choices=("A", "B"), default="B")
    parser.add_argument("--batch", type=int, default=512)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()

    torch.set_num_threads(options.threads)
    torch.manual_seed(1)
    network = ResNet(options.depth, options.shortcut).to(memory_format=torch.channels_last).train()
    images = torch.randn(options.batch, 3, 32, 32).contiguous(memory_format=torch.channels_last)
    labels = torch.randint(0, 10, (options.batch,))
    optimizer = torch.optim.SGD(network.parameters(), lr=0.01, momentum=0.9, weight_decay=1e-4)

    def step(bf16):
        start = time.monotonic()
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=bf16):
            loss = F.cross_entropy(network(images), labels)
        loss.backward()
        optimizer.step()
        return time.monotonic() - start

    parameters = sum(p.numel() for p in network.parameters())
    about = {"torch": torch.__version__, "threads": torch.get_num_threads(), "parameters": parameters,
             "mkldnn": torch.backends.mkldnn.is_available()}
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # of the terminal: the asker ends the conversation
    print("ready", json.dumps(about), flush=True)
    for line in sys.stdin:
        request = line.strip()
        if request in ("step", "step bf16"):
            print(f"{step(request == 'step bf16'):.9f}", flush=True)
        elif request == "memory":
            print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024, flush=True)
        elif request == "quit":
            break
        else:
            sys.exit(f"torch_step: expected step, step bf16, memory or quit, got '{request}'")


if __name__ == "__main__":
    main()
