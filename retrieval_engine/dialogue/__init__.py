"""Stickers that answer a conversation: what the models of several papers share, and a module for each of them."""
