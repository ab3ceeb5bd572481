"""Fetching what publishers offer to everybody: resumed, checked, unpacked, recorded."""
