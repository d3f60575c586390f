"""Stickers that answer a conversation: what is asked, which models can answer, and what each of them says."""
