"""Interactive segmentation: a simulated user clicks where the mask is wrong, and DICE is followed click by click."""
