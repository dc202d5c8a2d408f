"""The networks of Sambert and HiFi-GAN as ONNX graphs, one file each."""
