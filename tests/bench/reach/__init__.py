"""What is asked of the program's speed, a row a file: measured on whole processes of the installed command.

A row says what its reach is and whether it is met. With `--beside` a second checkout does the same in turns.
"""
