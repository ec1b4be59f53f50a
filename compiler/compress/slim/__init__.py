"""Removing channels: which belong together, which matter least, and the surgery."""
