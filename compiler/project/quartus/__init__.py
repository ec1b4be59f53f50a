"""Projects for Intel's Quartus Prime."""
