"""What models stand on: towers, encoders and language models, by name, by path, or tiny."""
