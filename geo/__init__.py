"""Space and time primitives on arrays, metres and days; knows nothing about road works."""

from geo.nearby_pairs import spacetime_pairs

__all__ = ["spacetime_pairs"]
