"""What can be said of a plan, an apply, a resource, its history and drift: plain data, below every face.

A report gathers what is known and has up to three forms: JSON for tools, Markdown for a comment, and a page
of lines and tables for people. A face lays them out and adds nothing: the command line on a terminal, and
whatever else shall say the same words. It knows no terminal and prints nothing.
"""
