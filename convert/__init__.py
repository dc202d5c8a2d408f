"""Converts Sambert-HiFiGAN packages (ModelScope, KAN-TTS) to ONNX without PyTorch."""
