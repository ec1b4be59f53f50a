"""The cocotb testbench that a build carries: copied as it stands, it needs no sangi."""
