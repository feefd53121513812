"""The domain: projects, findings, hot spots. Pure: no files, no clock, no web."""

from coordination.city import City
from coordination.detection import detect
from coordination.policy import Policy

__all__ = ["City", "Policy", "detect"]
