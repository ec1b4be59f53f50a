"""Shells: what joins a core to the outside of its chip."""
