"""Templates of the data set and model cards, and the code that fills them from results."""
