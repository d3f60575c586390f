"""Search and learning over stickers: BM25, CLIP, their fusion, training and evaluation. A library of its own."""
