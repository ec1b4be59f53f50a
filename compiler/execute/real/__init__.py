"""Execution of graphs in float64, op by op: the meaning of the IR, written once more."""
