"""Extents as planners write them: text, its grammar, and the place on the road network."""
