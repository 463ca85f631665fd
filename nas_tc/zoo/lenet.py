"""LeNet-5 (LeCun et al., "Gradient-based learning applied to document recognition", 1998).

Other than in the paper, the second convolution reads every map of the first, and the poolings are
plain averages, as in the survey of docs/cost-model.md. The head's pooling to 5x5 is the second 2x2
pooling.
"""

from nas_tc.architecture import Architecture, Head, parse_notation
from nas_tc.zoo.entry import Entry

ENTRIES = (
    Entry(
        name="lenet5",
        architecture=Architecture(
            input=(1, 32, 32),
            stages=parse_notation("(5,6)p0 | avg2/2 | (5,16)p0"),
            head=Head("average", bins=(5,), hidden=(120, 84)),
            classes=10,
            norm="none",
            activation="tanh",
        ),
        source="LeCun et al. 1998, figure 2, fully connected",
    ),
)
