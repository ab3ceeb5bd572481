"""One module per source: its facts, and a generator of its cases. Nothing else."""
