"""Exports networks of the kinds that PyTorch users have, with drawn weights:  torch_networks.py FOLDER

Each is exported at several versions of ONNX's ops, with a fixed and an open batch. Exit code 77: there is no PyTorch.
"""
import os
import sys
import warnings

try:
    import torch
    from torch import nn
except ImportError as error:
    print(error)
    sys.exit(77)

warnings.filterwarnings("ignore")


def conv(inputs, outputs, kernel=1, stride=1, groups=1, act=nn.ReLU6, padding=None):
    layers = [nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2 if padding is None else padding, groups=groups,
                        bias=False), nn.BatchNorm2d(outputs)]
    return nn.Sequential(*layers, act()) if act else nn.Sequential(*layers)


class Excite(nn.Module):
    def __init__(self, channels, squeezed, act, gate):
        super().__init__()
        self.pool, self.act, self.gate = nn.AdaptiveAvgPool2d(1), act(), gate()
        self.reduce, self.expand = nn.Conv2d(channels, squeezed, 1), nn.Conv2d(squeezed, channels, 1)

    def forward(self, x):
        return x * self.gate(self.expand(self.act(self.reduce(self.pool(x)))))


class Excite2d(nn.Module):
    """The other form of squeeze and excitation: fully connected layers and view."""

    def __init__(self, channels, squeezed):
        super().__init__()
        self.a, self.b = nn.Linear(channels, squeezed), nn.Linear(squeezed, channels)

    def forward(self, x):
        s = x.mean((2, 3))
        s = torch.sigmoid(self.b(torch.relu(self.a(s))))
        return x * s.view(x.size(0), x.size(1), 1, 1)


class Inverted(nn.Module):
    def __init__(self, inputs, outputs, expand, kernel, stride, act=nn.ReLU6, excite=None):
        super().__init__()
        hidden = inputs * expand
        layers = [conv(inputs, hidden, act=act), conv(hidden, hidden, kernel, stride, hidden, act)]
        if excite:
            layers.append(excite(hidden))
        self.body = nn.Sequential(*layers, conv(hidden, outputs, act=None))
        self.skip = stride == 1 and inputs == outputs

    def forward(self, x):
        return x + self.body(x) if self.skip else self.body(x)


class Residual(nn.Module):
    def __init__(self, inputs, outputs, stride, groups=1):
        super().__init__()
        self.body = nn.Sequential(conv(inputs, outputs, act=nn.ReLU), conv(outputs, outputs, 3, stride, groups, nn.ReLU),
                                  conv(outputs, outputs, act=None))
        self.short = conv(inputs, outputs, 1, stride, act=None) if stride > 1 or inputs != outputs else nn.Identity()

    def forward(self, x):
        return torch.relu(self.body(x) + self.short(x))


class Dense(nn.Module):
    def __init__(self, inputs, growth, layers):
        super().__init__()
        self.layers = nn.ModuleList()
        for i in range(layers):
            c = inputs + i * growth
            self.layers.append(nn.Sequential(nn.BatchNorm2d(c), nn.ReLU(), nn.Conv2d(c, 4 * growth, 1, bias=False),
                                             nn.BatchNorm2d(4 * growth), nn.ReLU(),
                                             nn.Conv2d(4 * growth, growth, 3, padding=1, bias=False)))

    def forward(self, x):
        for layer in self.layers:
            x = torch.cat([x, layer(x)], 1)
        return x


class Fire(nn.Module):
    def __init__(self, inputs, squeezed, expanded):
        super().__init__()
        self.squeeze = nn.Conv2d(inputs, squeezed, 1)
        self.one, self.three = nn.Conv2d(squeezed, expanded, 1), nn.Conv2d(squeezed, expanded, 3, padding=1)

    def forward(self, x):
        x = torch.relu(self.squeeze(x))
        return torch.cat([torch.relu(self.one(x)), torch.relu(self.three(x))], 1)


class Inception(nn.Module):
    def __init__(self, inputs):
        super().__init__()
        self.a = conv(inputs, 8, act=nn.ReLU)
        self.b = nn.Sequential(conv(inputs, 8, act=nn.ReLU), conv(8, 12, (1, 7), act=nn.ReLU, padding=(0, 3)),
                               conv(12, 8, (7, 1), act=nn.ReLU, padding=(3, 0)))
        self.c = nn.Sequential(nn.AvgPool2d(3, 1, 1), conv(inputs, 8, act=nn.ReLU))
        self.d = nn.Sequential(nn.MaxPool2d(3, 1, 1), conv(inputs, 8, act=nn.ReLU))

    def forward(self, x):
        return torch.cat([self.a(x), self.b(x), self.c(x), self.d(x)], 1)


class Shuffle(nn.Module):
    def __init__(self, groups):
        super().__init__()
        self.groups = groups

    def forward(self, x):
        n, c, h, w = x.size()
        return x.view(n, self.groups, c // self.groups, h, w).transpose(1, 2).contiguous().view(n, c, h, w)


class Head(nn.Module):
    """Pooled and flattened in one of the ways people write it."""

    def __init__(self, channels, how="flatten", classes=10, softmax=False):
        super().__init__()
        self.fc, self.how, self.softmax = nn.Linear(channels, classes), how, softmax

    def forward(self, x):
        if self.how == "view":
            x = nn.functional.adaptive_avg_pool2d(x, 1)
            x = x.view(x.size(0), -1)
        elif self.how == "mean":
            x = x.mean([2, 3])
        elif self.how == "squeeze":
            x = nn.functional.avg_pool2d(x, (int(x.shape[2]), int(x.shape[3]))).squeeze(3).squeeze(2)
        elif self.how == "reshape":  # the map itself, not pooled
            x = x.reshape(x.shape[0], -1)
        else:
            x = torch.flatten(nn.functional.adaptive_avg_pool2d(x, 1), 1)
        x = self.fc(nn.functional.dropout(x, 0.2, self.training))
        return torch.softmax(x, 1) if self.softmax else x


def networks():
    swish = lambda c: Excite(c, 4, nn.SiLU, nn.Sigmoid)
    hard = lambda c: Excite(c, 8, nn.ReLU, nn.Hardsigmoid)
    yield "mobilenet_v1", nn.Sequential(conv(3, 8, 3, 2), conv(8, 8, 3, 1, 8), conv(8, 16), conv(16, 16, 3, 2, 16),
                                        conv(16, 24), Head(24, "view")), 32
    yield "mobilenet_v2", nn.Sequential(conv(3, 8, 3, 2), Inverted(8, 8, 2, 3, 1), Inverted(8, 12, 3, 3, 2),
                                        Inverted(12, 12, 3, 3, 1), conv(12, 32), Head(32)), 33
    yield "mobilenet_v3", nn.Sequential(conv(3, 8, 3, 2, act=nn.Hardswish), Inverted(8, 8, 2, 3, 1, nn.ReLU, hard),
                                        Inverted(8, 16, 3, 5, 2, nn.Hardswish, hard), Head(16, "mean")), 32
    yield "efficientnet", nn.Sequential(conv(3, 8, 3, 2, act=nn.SiLU), Inverted(8, 8, 2, 3, 1, nn.SiLU, swish),
                                        Inverted(8, 16, 3, 5, 2, nn.SiLU, swish), conv(16, 24, act=nn.SiLU),
                                        Head(24, softmax=True)), 32
    yield "mnasnet", nn.Sequential(conv(3, 8, 3, 2, act=nn.ReLU),
                                   Inverted(8, 8, 2, 5, 1, nn.ReLU, lambda c: Excite2d(c, 4)), Head(8)), 24
    yield "resnet", nn.Sequential(conv(3, 16, 7, 2, act=nn.ReLU), nn.MaxPool2d(3, 2, 1), Residual(16, 24, 1),
                                  Residual(24, 32, 2), Head(32)), 64
    yield "resnext", nn.Sequential(conv(3, 16, 3, 1, act=nn.ReLU), Residual(16, 32, 2, 4), Head(32, "squeeze")), 20
    yield "densenet", nn.Sequential(conv(3, 16, 7, 2, act=nn.ReLU), nn.MaxPool2d(3, 2, 1), Dense(16, 6, 3),
                                    nn.BatchNorm2d(34), nn.ReLU(), nn.Conv2d(34, 17, 1, bias=False), nn.AvgPool2d(2, 2),
                                    Dense(17, 6, 2), nn.BatchNorm2d(29), nn.ReLU(), Head(29)), 48
    yield "squeezenet", nn.Sequential(nn.Conv2d(3, 16, 7, 2), nn.ReLU(), nn.MaxPool2d(3, 2, ceil_mode=True),
                                      Fire(16, 4, 8), nn.MaxPool2d(3, 2, ceil_mode=True), Fire(16, 6, 12), nn.Dropout(),
                                      nn.Conv2d(24, 10, 1), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten()), 63
    yield "inception", nn.Sequential(conv(3, 16, 3, 2, act=nn.ReLU, padding=0), Inception(16), Inception(32),
                                     nn.AvgPool2d(2, 2, ceil_mode=True, count_include_pad=False), Head(32)), 36
    yield "vgg", nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(8, 12, 3, padding=1),
                               nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(12 * 6 * 5, 24), nn.ReLU(),
                               nn.Linear(24, 10)), (24, 20)
    yield "flattened_view", nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.Tanh(), Head(8 * 10 * 10, "reshape")), 12
    yield "shufflenet", nn.Sequential(conv(3, 12, 3, 2, act=nn.ReLU), conv(12, 24, 1, 1, 3, nn.ReLU), Shuffle(3),
                                      conv(24, 24, 3, 2, 24, None), conv(24, 24, 1, 1, 3, None), Head(24)), 24
    yield "dilated", nn.Sequential(nn.ZeroPad2d((0, 1, 0, 1)), nn.Conv2d(3, 8, 3, 2),
                                   nn.Conv2d(8, 8, 3, padding=2, dilation=2), nn.Hardswish(),
                                   nn.Conv2d(8, 16, 3, padding=1, groups=8), nn.Hardtanh(-1, 1), Head(16)), 21


def draw(network):
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.running_mean, -0.3, 0.3)
            nn.init.uniform_(module.running_var, 0.5, 1.5)
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.uniform_(module.bias, -0.3, 0.3)
    return network.eval()


def export(network, folder, name, size, opset, **options):
    shape = (size, size) if isinstance(size, int) else size
    path = os.path.join(folder, f"torch_{name}_{opset}.onnx")
    torch.onnx.export(network, torch.randn(1, 3, *shape), path, opset_version=opset, input_names=["images"],
                      output_names=["scores"], **options)


def main(folder):
    torch.manual_seed(1)
    torch.set_num_threads(1)
    for i, (name, network, size) in enumerate(networks()):
        draw(network)
        export(network, folder, name, size, 9 + i % 9)
        export(network, folder, name + "_open_batch", size, 13 + i % 5,
               dynamic_axes={"images": {0: "batch"}, "scores": {0: "batch"}})
        export(network, folder, name + "_norms", size, 11 + i % 6, training=torch.onnx.TrainingMode.PRESERVE,
               do_constant_folding=False)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
