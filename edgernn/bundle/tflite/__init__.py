"""The .tflite format: reading it without a TFLite package, and checking it before it runs."""
