"""Conversations on their way in: read, pseudonymised, linked to stickers, chosen."""
