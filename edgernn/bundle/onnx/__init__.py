"""The .onnx format: reading it without the onnx package, and checking it before it runs."""
