"""Projects for AMD's Vivado: serial boards, and Zynq with its block design."""
