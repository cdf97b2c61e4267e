"""What each command does, under the name it is typed by: call the engine or the store, and show a report."""
