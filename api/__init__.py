"""HTTP and command line: the only place that reads the environment and knows HTTP."""
