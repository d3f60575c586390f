"""Times of the English edition: short enough for a table, and the same day wherever it is read."""

DATETIME_FORMAT = "j M Y, H:i"
