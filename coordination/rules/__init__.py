"""One small pure rule per kind of finding, behind one protocol."""
