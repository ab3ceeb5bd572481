"""What a predicted mask saves an annotator: human correction effort, and a time model with its assumptions.

Huang et al. (Medical Image Analysis 92:103061, 2024, Table 7) had people annotate with and without the Segment
Anything Model and report the human correction effort (HCE) and the time. Here nobody annotates: HCE is computed, and
time follows from counts and stated seconds a click.
"""
