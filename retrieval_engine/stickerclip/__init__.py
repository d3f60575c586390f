"""StickerCLIP: a bi-encoder fine-tuned on stickers and what people type for them (Sticker820K, section 4)."""
