"""The shell for boards with an AXI bus: streams and registers, see ``runtime/registers.py``."""
