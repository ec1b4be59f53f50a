"""Simulation by Verilator: build, run the compiled core, compare every stream."""
