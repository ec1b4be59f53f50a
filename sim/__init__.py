"""The cycle model, and the circuit in Verilator."""
