"""From a Design to readable Verilog, the shell around it and its testbench."""
