"""Eight networks as people write them in torch, for tests that read them."""

import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812 - as everybody writes it


def vgg_like():
    """A configuration list, a Sequential, a deep head."""
    layers, channels = [], 3
    for width in (16, 16, "M", 32, 32, "M", 64, 64, "M"):
        if width == "M":
            layers.append(nn.MaxPool2d(kernel_size=2, stride=2))
        else:
            layers += [nn.Conv2d(channels, width, kernel_size=3, padding=1), nn.ReLU(inplace=True)]
            channels = width
    head = [nn.Flatten(), nn.Linear(64 * 16, 128), nn.ReLU(True), nn.Dropout(), nn.Linear(128, 10)]
    return nn.Sequential(*layers, *head)


class BasicBlock(nn.Module):
    expansion = 1

    def __init__(self, inplanes, planes, stride=1, downsample=None):
        super().__init__()
        self.conv1 = nn.Conv2d(inplanes, planes, 3, stride=stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(planes)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(planes, planes, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(planes)
        self.downsample = downsample

    def forward(self, x):
        identity = x
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        if self.downsample is not None:
            identity = self.downsample(x)
        out += identity
        return self.relu(out)


class Bottleneck(nn.Module):
    expansion = 4

    def __init__(self, inplanes, planes, stride=1, downsample=None):
        super().__init__()
        self.conv1 = nn.Conv2d(inplanes, planes, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(planes)
        self.conv2 = nn.Conv2d(planes, planes, 3, stride=stride, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(planes)
        self.conv3 = nn.Conv2d(planes, planes * 4, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(planes * 4)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = downsample

    def forward(self, x):
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.relu(self.bn2(self.conv2(out)))
        out = self.bn3(self.conv3(out))
        return self.relu(out + (x if self.downsample is None else self.downsample(x)))


class ResNet(nn.Module):
    """torchvision's layout, with a stem for small images."""

    def __init__(self, block=BasicBlock, layers=(2, 2, 2), width=16, num_classes=10):
        super().__init__()
        self.inplanes = width
        self.conv1 = nn.Conv2d(3, width, kernel_size=3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU(inplace=True)
        self.layer1 = self._make_layer(block, width, layers[0])
        self.layer2 = self._make_layer(block, 2 * width, layers[1], stride=2)
        self.layer3 = self._make_layer(block, 4 * width, layers[2], stride=2)
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.fc = nn.Linear(4 * width * block.expansion, num_classes)

    def _make_layer(self, block, planes, blocks, stride=1):
        downsample = None
        if stride != 1 or self.inplanes != planes * block.expansion:
            downsample = nn.Sequential(
                nn.Conv2d(self.inplanes, planes * block.expansion, 1, stride=stride, bias=False),
                nn.BatchNorm2d(planes * block.expansion),
            )
        layers = [block(self.inplanes, planes, stride, downsample)]
        self.inplanes = planes * block.expansion
        layers += [block(self.inplanes, planes) for _ in range(1, blocks)]
        return nn.Sequential(*layers)

    def forward(self, x):
        x = self.relu(self.bn1(self.conv1(x)))
        x = self.layer3(self.layer2(self.layer1(x)))
        return self.fc(torch.flatten(self.avgpool(x), 1))


class ConvBNReLU(nn.Sequential):
    def __init__(self, n_in, n_out, kernel_size=3, stride=1, groups=1):
        padding = (kernel_size - 1) // 2
        super().__init__(
            nn.Conv2d(n_in, n_out, kernel_size, stride, padding, groups=groups, bias=False),
            nn.BatchNorm2d(n_out),
            nn.ReLU6(inplace=True),
        )


class SqueezeExcite(nn.Module):
    """As in the most-copied squeeze-and-excitation: linear layers, views, expand_as."""

    def __init__(self, channels, squeezed):
        super().__init__()
        self.avg_pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Sequential(
            nn.Linear(channels, squeezed), nn.ReLU6(), nn.Linear(squeezed, channels), nn.Sigmoid()
        )

    def forward(self, x):
        b, c, _, _ = x.size()
        y = self.fc(self.avg_pool(x).view(b, c)).view(b, c, 1, 1)
        return x * y.expand_as(x)


class InvertedResidual(nn.Module):
    def __init__(self, inp, oup, stride, expand_ratio, se=0):
        super().__init__()
        hidden = inp * expand_ratio
        self.use_res_connect = stride == 1 and inp == oup
        layers = [] if expand_ratio == 1 else [ConvBNReLU(inp, hidden, kernel_size=1)]
        layers.append(ConvBNReLU(hidden, hidden, stride=stride, groups=hidden))
        if se:
            layers.append(SqueezeExcite(hidden, max(1, inp // se)))
        layers += [nn.Conv2d(hidden, oup, 1, bias=False), nn.BatchNorm2d(oup)]
        self.conv = nn.Sequential(*layers)

    def forward(self, x):
        return x + self.conv(x) if self.use_res_connect else self.conv(x)


class MobileNetV2(nn.Module):
    def __init__(self, se=0):
        super().__init__()
        features, channels = [ConvBNReLU(3, 16, stride=2)], 16
        for t, c, n, s in ((1, 8, 1, 1), (6, 12, 2, 2), (6, 16, 2, 2)):
            for i in range(n):
                features.append(InvertedResidual(channels, c, s if i == 0 else 1, t, se))
                channels = c
        features.append(ConvBNReLU(channels, 64, kernel_size=1))
        self.features = nn.Sequential(*features)
        self.classifier = nn.Sequential(nn.Dropout(0.2), nn.Linear(64, 10))

    def forward(self, x):
        return self.classifier(self.features(x).mean([2, 3]))


class KerasLike(nn.Module):
    """Keras' "simple convnet": filters without padding, Flatten, drop-out, a softmax."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 32, 3)
        self.conv2 = nn.Conv2d(32, 64, 3)
        self.pool = nn.MaxPool2d(2)
        self.dropout = nn.Dropout(0.5)
        self.dense = nn.Linear(1600, 10)

    def forward(self, x):
        x = self.pool(torch.relu(self.conv1(x)))
        x = self.pool(torch.relu(self.conv2(x)))
        return F.softmax(self.dense(self.dropout(torch.flatten(x, start_dim=1))), dim=-1)


class Functional(nn.Module):
    """torch's MNIST example of old: pooling before the ReLU, drop-out on maps, views by hand."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 10, kernel_size=5)
        self.conv2 = nn.Conv2d(10, 20, kernel_size=5)
        self.conv2_drop = nn.Dropout2d()
        self.fc1 = nn.Linear(320, 50)
        self.fc2 = nn.Linear(50, 10)

    def forward(self, x):
        assert x.shape[1] == 1, "grey images"
        x = F.relu(F.max_pool2d(self.conv1(x), 2))
        x = F.relu(F.max_pool2d(self.conv2_drop(self.conv2(x)), 2))
        x = x.view(-1, x.size(1) * x.size(2) * x.size(3))
        x = F.relu(self.fc1(x))
        x = F.dropout(x, training=self.training)
        return F.log_softmax(self.fc2(x), dim=1)


class ConvBlock(nn.Module):
    def __init__(self, n_in, n_out, **options):
        super().__init__()
        self.conv = nn.Conv2d(n_in, n_out, bias=False, **options)
        self.bn = nn.BatchNorm2d(n_out, eps=0.001)

    def forward(self, x):
        return F.relu(self.bn(self.conv(x)), inplace=True)


class Inception(nn.Module):
    """torchvision's, but for the 5x5, which are 3x3 there."""

    def __init__(self, n_in, one, reduce3, three, reduce5, five, project, large=5):
        super().__init__()
        self.branch1 = ConvBlock(n_in, one, kernel_size=1)
        self.branch2 = nn.Sequential(
            ConvBlock(n_in, reduce3, kernel_size=1),
            ConvBlock(reduce3, three, kernel_size=3, padding=1),
        )
        self.branch3 = nn.Sequential(
            ConvBlock(n_in, reduce5, kernel_size=1),
            ConvBlock(reduce5, five, kernel_size=large, padding=large // 2),
        )
        self.branch4 = nn.Sequential(
            nn.MaxPool2d(3, stride=1, padding=1, ceil_mode=True),
            ConvBlock(n_in, project, kernel_size=1),
        )

    def forward(self, x):
        return torch.cat([self.branch1(x), self.branch2(x), self.branch3(x), self.branch4(x)], 1)


class GoogLeNet(nn.Module):
    def __init__(self, large=5):
        super().__init__()
        self.conv1 = ConvBlock(3, 16, kernel_size=3, padding=1)
        self.maxpool = nn.MaxPool2d(3, stride=2, ceil_mode=True)
        self.inception3a = Inception(16, 8, 6, 12, 2, 4, 4, large)
        self.inception3b = Inception(28, 4, 4, 6, 2, 3, 5, large)
        self.inception4a = Inception(18, 4, 4, 6, 2, 3, 5, large)
        self.aux, self.dropout, self.fc = nn.Linear(18, 10), nn.Dropout(0.2), nn.Linear(18, 10)

    def forward(self, x):
        x = self.inception3b(self.inception3a(self.maxpool(self.conv1(x))))
        aux = self.aux(x.mean((2, 3))) if self.training else None
        x = F.adaptive_avg_pool2d(self.inception4a(self.maxpool(x)), 1)
        x = self.fc(self.dropout(torch.flatten(x, 1)))
        return (x, aux) if self.training else x


class AlexNet(nn.Module):
    """Response normalisation before a pooling and behind one."""

    def __init__(self):
        super().__init__()
        norm = nn.LocalResponseNorm(5, alpha=5e-4, beta=0.75, k=2)
        self.features = nn.Sequential(
            *(nn.Conv2d(3, 12, 7, 2, 3), nn.ReLU(), norm, nn.MaxPool2d(3, 2)),
            *(nn.Conv2d(12, 16, 5, padding=2), nn.ReLU(), nn.MaxPool2d(3, 2)),
        )
        self.last = nn.Conv2d(16, 24, 3, padding=1)
        self.classifier = nn.Sequential(
            *(nn.Linear(24 * 9, 32), nn.ReLU(), nn.Dropout(), nn.Linear(32, 10)),
        )

    def forward(self, x):
        x = F.local_response_norm(self.features(x), 5, alpha=5e-4, k=2.0)
        x = F.max_pool2d(F.relu(self.last(x)), 3, 2)
        return self.classifier(x.flatten(1))


class Looped(nn.Module):
    """Lists of layers, biased convolutions before normalisations, moments of the images inside."""

    def __init__(self, widths=(16, 32, 48), depth=2):
        super().__init__()
        self.register_buffer("mean", torch.tensor([0.5, 0.4, 0.3]).view(1, 3, 1, 1))
        self.blocks = nn.ModuleList()
        n_in = 3
        for width in widths:
            block = nn.ModuleList()
            for _ in range(depth):
                block.append(nn.Conv2d(n_in, width, 3, padding="same"))
                block.append(nn.BatchNorm2d(width, eps=1e-3))
                n_in = width
            self.blocks.append(block)
        self.out = nn.Linear(n_in, 10)

    def forward(self, x):
        x = (x - self.mean) / 0.25
        for number, block in enumerate(self.blocks):
            for layer in block:
                x = layer(x)
                if isinstance(layer, nn.BatchNorm2d):
                    x = F.relu(x)
            if number < len(self.blocks) - 1:
                x = F.max_pool2d(x, 3, stride=2, padding=1)
        return self.out(F.adaptive_avg_pool2d(x, 1).squeeze(-1).squeeze(-1))
