"""AlexNet (Krizhevsky, Sutskever & Hinton, "ImageNet classification with deep CNNs", 2012).

This is the network without the split over two GPUs, which He & Sun compare with ("AlexNet, our
impl.", Table 5): 1,076,634,144 multiply-adds in its convolutions. The first layer is padded by 2
so that 224 pixels give the published 55; its last pooling, 3x3 with stride 2 on 13x13, is the
6x6 pyramid level of the head. We leave out local response normalisation, as He & Sun do.
"""

from nas_tc.architecture import Architecture, Head, parse_notation
from nas_tc.zoo.entry import Entry

ENTRIES = (
    Entry(
        name="alexnet",
        architecture=Architecture(
            input=(3, 224, 224),
            stages=parse_notation("(11,96)/4p2 | 3/2 | (5,256) | 3/2 | (3,384)x2+(3,256)"),
            head=Head("max", bins=(6,), hidden=(4096, 4096), dropout=0.5),
            classes=1000,
            norm="none",
        ),
        source="Krizhevsky et al. 2012, ungrouped; He & Sun 2015, Table 5",
        top1_error=0.376,
        top5_error=0.160,
    ),
)
