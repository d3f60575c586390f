"""Releases: frozen, numbered datasets that follow from the facts and the rules alone, to the byte."""
