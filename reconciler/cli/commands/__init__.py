"""What can be typed: names, options and help. The work is imported when a command runs, never before."""
