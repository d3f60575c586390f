"""The models, one each, and what they share."""
