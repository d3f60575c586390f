"""Answering: what goes through ONNX in the web process, and what needs torch in a process of its own."""
