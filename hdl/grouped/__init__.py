"""The grouped engine: convolutions whose filters see a group of channels each, or just one."""
