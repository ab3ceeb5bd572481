"""Tables of runs: scores per unit, means with intervals over subjects, paired tests, and what a model has seen."""
