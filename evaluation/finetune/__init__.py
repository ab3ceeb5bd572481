"""Fine-tuning of SAM models on a built data set, and the proof of what it changed."""
