"""AlexNet (Krizhevsky, Sutskever & Hinton, "ImageNet classification with deep CNNs", 2012).

Three networks have that name and differ in Eqn. (1):

- `alexnet`, 1,076,634,144 multiply-adds: without the split over two GPUs, which He & Sun compare
  with ("AlexNet, our impl.", Table 5), and without local response normalisation, as they do.
- `alexnet-grouped`, 665,784,864: as published, with convolutions 2, 4 and 5 in two groups and
  local response normalisation.
- `alexnet-torchvision`, 655,566,528: the narrower, ungrouped one of Krizhevsky, "One weird trick
  for parallelizing convolutional neural networks" (2014), which torchvision calls AlexNet.

The first layer is padded by 2 so that 224 pixels give the published 55.
"""

from nas_tc.zoo.classic import classic, two_hidden
from nas_tc.zoo.entry import Entry

ENTRIES = (
    Entry(
        name="alexnet",
        architecture=classic(
            "(11,96)/4p2 | 3/2 | (5,256) | 3/2 | (3,384)x2+(3,256)", two_hidden(6)
        ),
        source="Krizhevsky et al. 2012, ungrouped; He & Sun 2015, Table 5",
        top1_error=0.376,
        top5_error=0.160,
    ),
    Entry(
        name="alexnet-grouped",
        architecture=classic(
            "(11,96)/4p2 lrn | 3/2 | plain[groups=2](5,256) lrn | 3/2 | (3,384) | "
            "plain[groups=2](3,384)+plain[groups=2](3,256)",
            two_hidden(6),
        ),
        source="Krizhevsky et al. 2012, figure 2; the survey's 724M MACs",
    ),
    Entry(
        name="alexnet-torchvision",
        architecture=classic(
            "(11,64)/4p2 | 3/2 | (5,192) | 3/2 | (3,384) | (3,256)x2", two_hidden(6)
        ),
        source="Krizhevsky 2014, as in torchvision",
    ),
)
