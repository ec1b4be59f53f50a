"""Exploring: what every frame rate of a network would cost on a board."""
