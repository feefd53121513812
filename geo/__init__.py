"""Space and time primitives on arrays, metres and days; knows nothing about road works."""
