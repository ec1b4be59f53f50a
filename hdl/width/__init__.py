"""The stream width converter."""
