"""Mapping: one engine, folding and FIFO depth for every op of a program, within a board."""
