"""Training of cosmos-sam-tiny; see README.md. Run from a checkout, never installed."""
