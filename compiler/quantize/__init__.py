"""Post-training quantization of float graphs to 8 bits."""
