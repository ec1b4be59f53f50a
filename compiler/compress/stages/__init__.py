"""The stages of compression, one a file: quantization, slimming, pruning."""
