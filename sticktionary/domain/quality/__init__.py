"""How far players' answers can be believed: gold, skill and weights, flags with their evidence, consequences."""
