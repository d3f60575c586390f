"""Stickers in: what a file holds, what is kept of it."""
