"""From one document to what it says: each reader takes nodes, and reports what is wrong with their places."""
