"""Reading a built data set back: through ``load_dataset``, and directly for programs."""
