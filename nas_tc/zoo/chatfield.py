"""CNN-F, CNN-M and CNN-S (Chatfield et al., "Return of the devil in the details", 2014, Table 1).

Paddings are the table's; poolings have 3x3 windows (CNN-S: 3x3 and 2x2) that may hang over the
edge, as in the released models. The errors are those that He & Sun cite.
"""

from nas_tc.zoo.classic import classic, two_hidden
from nas_tc.zoo.entry import Entry

ENTRIES = (
    Entry(
        name="cnn-f",
        architecture=classic(
            "(11,64)/4 lrn | 3/2ceil | (5,256) lrn | 3/2 | (3,256)x3", two_hidden(6)
        ),
        source="Chatfield et al. 2014, Table 1; He & Sun 2015, Table 5",
        top5_error=0.167,
    ),
    Entry(
        name="cnn-m",
        architecture=classic(
            "(7,96)/2 lrn | 3/2 | (5,256)/2p1 lrn | 3/2ceil | (3,512)x3", two_hidden(6)
        ),
        source="Chatfield et al. 2014, Table 1; He & Sun 2015, Table 6",
        top5_error=0.137,
    ),
    Entry(
        name="cnn-s",
        architecture=classic(
            "(7,96)/2 lrn | 3/3ceil | (5,256)p1 | 2/2ceil | (3,512)x3", two_hidden(6)
        ),
        source="Chatfield et al. 2014, Table 1; He & Sun 2015, Table 6",
        top5_error=0.131,
    ),
)
