"""What may explain a mask's DICE: size, aspect ratio, intensity difference, boundary complexity, modality.

The five factors of Huang et al. (Medical Image Analysis 92:103061, 2024, section 4.8), their Spearman partial
correlation with DICE, and plots. A factor is a module of its own; the others measure the masks of a run, correlate and
draw.
"""

#: The factors, in the paper's order: names of columns. The intensity difference is signed.
FACTORS = ("size", "aspect_ratio", "intensity_difference", "boundary_complexity", "modality_number")
#: What stands in place of the intensity difference where its sign is dropped.
ABSOLUTE = "absolute_intensity_difference"
_TITLES = {"intensity_difference": "signed intensity difference", "modality_number": "modality"}


def title(factor: str) -> str:
    """The name of a factor as a heading."""
    return _TITLES.get(factor, factor.replace("_", " "))
