"""A whole study with one command: its steps, a plan with estimates, and carrying it out, resumably."""
