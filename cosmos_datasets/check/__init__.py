"""A look at raw downloads before they are built: what is there, and what is wrong with it."""
