"""Small deliberate faults, each put into a copy of the tree: does a test notice?"""
