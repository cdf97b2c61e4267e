"""One step from its intent to its end, and what a dead worker left of one; the order among them."""
