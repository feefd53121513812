"""HTTP and command line: the only place that reads the environment and knows HTTP."""

import pandas as pd

# Texts in tables are Python objects and not Arrow arrays in the whole program: as every name of a
# column is one, a table of a few rows (a check makes thousands) is worked on in half the time, and
# a large one no slower.
pd.set_option("mode.string_storage", "python")
