"""Adaptors to files and databases; they translate into the domain's types."""
