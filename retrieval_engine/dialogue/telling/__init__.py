"""What models are told beside the conversation, by people, by other models, or by a stub."""
