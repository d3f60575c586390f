"""Questions beyond queries: asking, answering, settling."""
