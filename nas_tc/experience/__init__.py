"""What do earlier trainings say of a network that was not trained yet?"""

from nas_tc.experience.experience import LATEST, Experience, load_experience
from nas_tc.experience.numbers import NUMBERS, numbers_of
from nas_tc.experience.space_numbers import SpaceNumbers, covers

__all__ = [
    "LATEST",
    "NUMBERS",
    "Experience",
    "SpaceNumbers",
    "covers",
    "load_experience",
    "numbers_of",
]
