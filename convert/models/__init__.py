"""The networks of Sambert and HiFi-GAN as ONNX graphs, one module per network."""
