"""GoogLeNet (Szegedy et al., "Going deeper with convolutions", 2015, Table 1).

The two auxiliary classifiers are left out, because only training uses them. The large filters are
5x5, as published; in torchvision they are 3x3, by a mistake that it keeps.
"""

from nas_tc.architecture import Head
from nas_tc.zoo.classic import classic
from nas_tc.zoo.entry import Entry

_NOTATION = (
    "(7,64)/2p3 | 3/2ceil lrn | (1,64) | (3,192) lrn | 3/2ceil | "
    "inception[64,96,128,16,32,32](3,256) | inception[128,128,192,32,96,64](3,480) | 3/2ceil | "
    "inception[192,96,208,16,48,64](3,512) | inception[160,112,224,24,64,64](3,512) | "
    "inception[128,128,256,24,64,64](3,512) | inception[112,144,288,32,64,64](3,528) | "
    "inception[256,160,320,32,128,128](3,832) | 3/2ceil | "
    "inception[256,160,320,32,128,128](3,832) | inception[384,192,384,48,128,128](3,1024)"
)

ENTRIES = (
    Entry(
        name="googlenet",
        architecture=classic(_NOTATION, Head("average", bins=(1,), dropout=0.4)),
        source="Szegedy et al. 2015, Table 1; He & Sun 2015, Table 6",
        top5_error=0.092,
    ),
)
