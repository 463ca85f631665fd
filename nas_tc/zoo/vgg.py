"""VGG-16 (Simonyan & Zisserman, "Very deep convolutional networks", 2015, configuration D)."""

from nas_tc.zoo.classic import classic, two_hidden
from nas_tc.zoo.entry import Entry

ENTRIES = (
    Entry(
        name="vgg16",
        architecture=classic(
            "(3,64)x2 | 2/2 | (3,128)x2 | 2/2 | (3,256)x3 | 2/2 | (3,512)x3 | 2/2 | (3,512)x3",
            two_hidden(7),
        ),
        source="Simonyan & Zisserman 2015, Table 1; He & Sun 2015, Table 6",
        top1_error=0.281,
        top5_error=0.093,
    ),
)
