"""A page of the game: here is a chat, which sticker would you send?"""
