"""All families of networks that `nas-tc fit` can scale, by name."""

from collections.abc import Mapping
from types import MappingProxyType

from nas_tc.errors import unknown
from nas_tc.families.efficientnet import EFFICIENTNET
from nas_tc.families.family import Family
from nas_tc.families.he_sun import HE_SUN
from nas_tc.families.mobilenetv2 import MOBILENETV2
from nas_tc.families.resnet import RESNET
from nas_tc.families.vgg import VGG

FAMILIES: Mapping[str, Family] = MappingProxyType(
    {family.name: family for family in (VGG, HE_SUN, RESNET, MOBILENETV2, EFFICIENTNET)}
)


def find_family(name: str) -> Family:
    """The family called `name`.

    Args:
        name: Name of a family, such as "vgg".

    Raises:
        UnknownNameError: There is no such family.
    """
    if name not in FAMILIES:
        raise unknown("family", name, FAMILIES)
    return FAMILIES[name]
