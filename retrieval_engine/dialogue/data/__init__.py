"""Conversations and stickers: what they are, where they come from, and what each model takes of them."""
