"""How far each transformation can be pushed before a classifier notices."""
