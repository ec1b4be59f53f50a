"""The shell for boards with a serial line: packets in and out, see ``runtime/protocol.py``."""
