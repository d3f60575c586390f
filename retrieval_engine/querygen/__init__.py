"""The query generator: a vision-language model that writes what people would type (StickerQueries, section 6)."""
