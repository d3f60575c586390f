"""The game: dealing, writing, looking up, what comes of it, points."""
