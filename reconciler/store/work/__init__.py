"""What is done: plans, operations, the workers that do them, and what keeps a resource from them."""
