"""The domain: projects, findings, hot spots. Pure: no files, no clock, no web."""
