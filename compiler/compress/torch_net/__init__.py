"""Networks under compression in PyTorch: execution, fake quantization, fine-tuning."""
