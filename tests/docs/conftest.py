"""Lets tests of pages import the helpers beside them, also where pytest runs with importlib."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
