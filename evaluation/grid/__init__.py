"""Everything mode over grids of several sides: what finer grids gain, and what they cost (the paper's Table 5)."""
