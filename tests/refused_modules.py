"""Modules that no architecture can express, one of each kind, for tests that read them."""

import sys
import threading

import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812

import written_modules as written


def conv(n_in=3, n_out=8, **options):
    return nn.Conv2d(n_in, n_out, 3, padding=1, **options)


class Of(nn.Module):
    """A convolution, what `way` makes of its maps, and a linear layer."""

    def __init__(self, way, n_out=8, **parts):
        super().__init__()
        self.way, self.conv, self.fc = way, conv(), nn.Linear(n_out, 4)
        for name, part in parts.items():
            self.add_module(name, part)

    def forward(self, x):
        x = self.way(self, torch.relu(self.conv(x)))
        return self.fc(x.mean((2, 3)) if x.ndim == 4 else x)


def attention():
    def way(self, x):
        tokens = x.flatten(2).transpose(1, 2)
        return self.attention(tokens, tokens, tokens)[0].mean(1)

    return Of(way, attention=nn.MultiheadAttention(8, 2, batch_first=True))


def dot_product():
    return Of(lambda self, x: F.scaled_dot_product_attention(x, x, x))


def lstm():
    return Of(
        lambda self, x: self.lstm(x.flatten(2).transpose(1, 2))[0][:, -1],
        lstm=nn.LSTM(8, 8, batch_first=True),
    )


class TwoInputs(nn.Module):
    def forward(self, image, depth):
        return image + depth


two_inputs = TwoInputs


def branch():
    return Of(lambda self, x: self.conv2(x).relu() if x.mean() > 0 else x, conv2=conv(8))


def number():
    return Of(lambda self, x: x * float(x.max()))


def item():
    return Of(lambda self, x: x * x.max().item())


def looped():
    def way(self, x):
        while x.abs().max() > 1:
            x = x / 2
        return x

    return Of(way)


def gelu():
    return nn.Sequential(conv(), nn.GELU(), nn.Flatten(), nn.Linear(8192, 4))


def group_norm():
    return nn.Sequential(conv(), nn.GroupNorm(2, 8), nn.ReLU(), nn.Flatten(), nn.Linear(8192, 4))


def two_activations():
    return nn.Sequential(conv(), nn.ReLU(), conv(8), nn.Tanh(), nn.Flatten(), nn.Linear(8192, 4))


def late_norm():
    return nn.Sequential(conv(), nn.ReLU(), nn.BatchNorm2d(8), nn.Flatten(), nn.Linear(8192, 4))


def no_activation():
    return nn.Sequential(conv(), conv(8), nn.ReLU(), nn.Flatten(), nn.Linear(8192, 4))


def oblong():
    return nn.Sequential(nn.Conv2d(3, 8, (3, 1)), nn.ReLU(), nn.Flatten(), nn.Linear(7680, 4))


def reflected():
    made = nn.Conv2d(3, 8, 3, padding=1, padding_mode="reflect")
    return nn.Sequential(made, nn.ReLU(), nn.Flatten(), nn.Linear(8192, 4))


def dense():
    return Of(lambda self, x: torch.cat([x, self.conv2(x).relu()], 1), 16, conv2=conv(8))


def padded_shortcut():
    def way(self, x):
        return torch.relu(self.conv3(self.conv2(x).relu()) + F.pad(x, (0, 0, 0, 0, 4, 4)))

    return Of(way, 16, conv2=conv(8, 16), conv3=conv(16, 16))


def shared():
    return Of(lambda self, x: self.conv2(self.conv2(x).relu()).relu(), conv2=conv(8))


def pre_activation():
    def way(self, x):
        return x + self.conv2(torch.relu(self.norm(x)))

    return Of(way, conv2=conv(8), norm=nn.BatchNorm2d(8))


def all_convolutions():
    return nn.Sequential(conv(), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())


def no_convolution():
    return nn.Sequential(nn.Flatten(), nn.Linear(3072, 4))


def several_outputs():
    class Two(Of):
        def forward(self, x):
            x = torch.relu(self.conv(x))
            return self.fc(x.mean((2, 3))), x

    return Two(None)


def always_drops():
    return Of(lambda self, x: F.dropout(x.mean((2, 3)), 0.5))


def hidden_arithmetic():
    return Of(lambda self, x: x * 2 + 1)


class Standardised(nn.Conv2d):
    def forward(self, x):
        weight = self.weight - self.weight.mean((1, 2, 3), keepdim=True)
        return self._conv_forward(x, weight, self.bias)


def own_convolution():
    made = Standardised(3, 8, 3, padding=1)
    return nn.Sequential(made, nn.ReLU(), nn.Flatten(), nn.Linear(8192, 4))


def leaves():
    return Of(lambda self, x: sys.exit(3))


def raises():
    def way(self, x):
        raise RuntimeError("no\nluck")

    return Of(way)


def scripted():
    return torch.jit.script(nn.Sequential(conv(), nn.ReLU(), nn.Flatten(), nn.Linear(8192, 4)))


def googlenet_of_torchvision():
    return written.GoogLeNet(large=3)


def four_branches():
    def way(self, x):
        a, b, c, d = (torch.relu(self.conv2(x)) for _ in range(4))
        return a + b + c + d

    return Of(way, conv2=conv(8))


def response_norm():
    layers = (nn.ReLU(), nn.LocalResponseNorm(5), nn.Flatten(), nn.Linear(8192, 4))
    return nn.Sequential(conv(), *layers)


def two_response_norms():
    norm = nn.LocalResponseNorm(5, alpha=5e-4, beta=0.75, k=2)
    return nn.Sequential(conv(), nn.ReLU(), norm, norm, nn.Flatten(), nn.Linear(8192, 4))


def twice_the_map():
    return Of(lambda self, x: x + self.drop(x), drop=nn.Dropout())


def map_by_itself():
    return Of(lambda self, x: x * self.drop(x), drop=nn.Dropout())


def images_of_two_kinds():
    class Both(Of):
        def forward(self, x):
            return super().forward(self.norm(x) + x)

    return Both(lambda self, x: x, norm=nn.BatchNorm2d(3))


def other_shortcut():
    def way(self, x):
        wide = torch.relu(self.filter(torch.relu(self.expand(x))))
        return self.project(wide) + self.shortcut(x)

    parts = {"expand": nn.Conv2d(8, 16, 1), "filter": conv(16, 16, groups=16)}
    return Of(way, 12, **parts, project=nn.Conv2d(16, 12, 1), shortcut=nn.Conv2d(8, 12, 1))


def one_image():
    return Of(lambda self, x: x.mean((2, 3)).view(1, 8))


def pooled_images():
    return nn.Sequential(nn.MaxPool2d(2), conv(), nn.ReLU(), nn.Flatten(), nn.Linear(2048, 4))


def pooled_twice():
    pools = (nn.MaxPool2d(2), nn.AvgPool2d(2))
    return nn.Sequential(
        conv(), nn.ReLU(), *pools, conv(8), nn.ReLU(), nn.Flatten(), nn.Linear(512, 4)
    )


def locked():
    made = Of(lambda self, x: x)
    made.lock = threading.Lock()
    return made


def scripted_part():
    return nn.Sequential(scripted(), nn.Softmax(1))


@torch.jit.script
def fused_swish(x):
    return x * torch.sigmoid(x)


def scripted_function():
    return Of(lambda self, x: fused_swish(x))


def quantised():
    linear = nn.Sequential(nn.Flatten(), nn.Linear(3072, 4))
    return torch.ao.quantization.quantize_dynamic(linear, {nn.Linear}, dtype=torch.qint8)


def no_forward():
    return nn.ModuleList([conv()])


def needs_a_file():
    def way(self, x):
        import no_such_thing

        return no_such_thing

    return Of(way)


REFUSED = {
    attention: r"cannot read attention \(MultiheadAttention\): MultiheadAttention is no layer",
    dot_product: "scaled_dot_product_attention is no layer of a network; known are Conv2d",
    lstm: r"cannot read lstm \(LSTM\): LSTM is no layer",
    two_inputs: r"forward\(image, depth\): it takes 2 inputs; a classifier takes images alone",
    branch: "its path depends on the values in the image",
    number: "a number is read from the image",
    item: "item reads values from the image",
    looped: "its path depends on the values in the image",
    gelu: r"cannot read 1 \(GELU\): GELU is no layer of a network; known are .* ReLU6, SiLU",
    group_norm: r"cannot read 1 \(GroupNorm\)",
    two_activations: r"3 \(Tanh\): tanh, and relu at 1 \(ReLU\); a network has one activation",
    late_norm: r"2 \(BatchNorm2d\): a normalisation that follows no convolution; allowed is conv",
    no_activation: r"0 \(Conv2d\): no activation follows the convolution",
    oblong: r"0 \(Conv2d\): its filter is \(3, 1\); .* are the same in height and width",
    reflected: "padding_mode is 'reflect'; convolutions pad with zeros",
    dense: "branches that are not added",
    padded_shortcut: "it adds channels of zeros; a shortcut is the block's input or a 1x1",
    shared: r"conv2 \(Conv2d\): a layer that is used twice",
    pre_activation: r"norm \(BatchNorm2d\): a normalisation that follows no convolution",
    all_convolutions: "no linear layer gives the scores",
    no_convolution: "it has no convolution",
    several_outputs: "it returns a value of type tuple; a classifier returns one tensor",
    always_drops: "drops values when the network is used, too; give training=self.training",
    hidden_arithmetic: "arithmetic with a constant",
    own_convolution: r"cannot read 0 \(mean\)",
    leaves: r"does not run on images of 3x32x32: SystemExit: 3",
    raises: r"does not run on images of 3x32x32: RuntimeError: no; set its images with --input",
    googlenet_of_torchvision: r"inception3a \(cat\): branches of 1x1; 1x1, 3x3; 1x1, 3x3; max pool",
    four_branches: "one of four branches that are not joined; the four branches of an inception",
    response_norm: "it has size=5, alpha=0.0001, beta=0.75, k=1; a network's has size=5",
    two_response_norms: r"2 \(LocalResponseNorm\): a response normalisation without a convolution",
    twice_the_map: r"a block of no convolution, no activation behind its sum; known blocks",
    map_by_itself: "a product of maps; squeeze-and-excitation is global average pooling, a layer",
    images_of_two_kinds: r"norm \(BatchNorm2d\): a normalisation that follows no convolution",
    other_shortcut: "depthwise 3x3 with relu, 1x1 with a 1x1 shortcut, no activation behind",
    one_image: r"it takes one image at a time \(.*; keep the batch as it is, as in x.view",
    pooled_images: r"0 \(MaxPool2d\): a 2x2 pooling before the first convolution; each pooling",
    pooled_twice: r"3 \(AvgPool2d\): a 2x2 pooling behind another one; each pooling follows",
    locked: "the module cannot be copied: .*; copy.deepcopy.module. has to work",
    scripted: "it is TorchScript",
    scripted_part: "cannot read 0: it is TorchScript; give the Python module that it is from",
    scripted_function: r"torch.fx cannot trace it \(RuntimeError: .*; write it in Python",
    quantised: r"1 \(Linear\): it is quantised; give the module from before its quantisation",
    no_forward: "ModuleList has no forward; a classifier takes images and returns their scores",
    needs_a_file: r"ModuleNotFoundError: .*; it must run as module\(images\)",
}
