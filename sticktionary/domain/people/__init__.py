"""Accounts, roles, consent, going."""
