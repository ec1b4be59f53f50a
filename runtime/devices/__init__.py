"""Devices that execute a program: one interface (``Accelerator``) and a file a device."""
