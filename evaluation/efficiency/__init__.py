"""What a model costs: seconds an image, a prompt and a grid of points, memory and parameters (the paper's Table 4)."""
