"""ZF (Zeiler & Fergus, "Visualizing and understanding convolutional networks", 2014).

The smaller ("fast") model: 110 and 55 pixels, 26 and 13, then 13, as in its figure 3. Its contrast
normalisation is taken as local response normalisation.
"""

from nas_tc.zoo.classic import classic, two_hidden
from nas_tc.zoo.entry import Entry

ENTRIES = (
    Entry(
        name="zf-fast",
        architecture=classic(
            "(7,96)/2p1 | 3/2ceil lrn | (5,256)/2p0 | 3/2ceil lrn | (3,384)x2+(3,256)",
            two_hidden(6),
        ),
        source="Zeiler & Fergus 2014, figure 3; He & Sun 2015, Table 5",
        top1_error=0.360,
        top5_error=0.148,
    ),
)
