"""NSD as an `evaluate` module: load it through its folder, see README.md."""
