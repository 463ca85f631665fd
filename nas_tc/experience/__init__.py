"""What do earlier trainings say of a network that was not trained yet?"""

from nas_tc.experience.experience import Experience, load_experience
from nas_tc.experience.numbers import NUMBERS, numbers_of
from nas_tc.experience.space_numbers import SpaceNumbers, experience_for

__all__ = [
    "NUMBERS",
    "Experience",
    "SpaceNumbers",
    "experience_for",
    "load_experience",
    "numbers_of",
]
