"""Sharing a built data set on the Hub: what may be passed on, sending it, and comparing a rebuild with it."""
