"""Whether ONNX Runtime's 8-bit operators are right on CPUs other than this one, by QEMU's emulation in user mode."""
