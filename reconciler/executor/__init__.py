"""Carrying out a plan: steps in parallel where they may be, each through T1 to T4, and recovery.

It decides nothing about what shall be: it follows a plan to the letter, or stops and says why.
"""
