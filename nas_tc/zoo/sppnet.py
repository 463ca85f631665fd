"""SPPnet (He et al., "Spatial pyramid pooling in deep convolutional networks", 2014, Table 1).

ZF-5, Overfeat-5 and Overfeat-7 with the pyramid of 50 bins. The errors are those that He & Sun
cite: single-size training, 10 views.
"""

from nas_tc.architecture import SPP
from nas_tc.zoo.classic import classic
from nas_tc.zoo.entry import Entry

ENTRIES = (
    Entry(
        name="sppnet-zf5",
        architecture=classic(
            "(7,96)/2p1 lrn | 3/2ceil | (5,256)/2p1 lrn | 3/2 | (3,384)x2+(3,256)", SPP
        ),
        source="He et al. 2014, Table 1; He & Sun 2015, Table 5",
        top1_error=0.350,
        top5_error=0.141,
    ),
    Entry(
        name="sppnet-o5",
        architecture=classic("(7,96)/2 | 3/3 lrn | (5,256) | 2/2 | (3,512)x3", SPP),
        source="He et al. 2014, Table 1; He & Sun 2015, Table 6",
        top1_error=0.329,
        top5_error=0.128,
    ),
    Entry(
        name="sppnet-o7",
        architecture=classic("(7,96)/2 | 3/3 lrn | (5,256) | 2/2 | (3,512)x5", SPP),
        source="He et al. 2014, Table 1; He & Sun 2015, Table 6",
        top1_error=0.304,
        top5_error=0.111,
    ),
)
