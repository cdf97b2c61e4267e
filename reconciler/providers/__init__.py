"""Drivers: the only code that talks to providers, one package for each provider type.

A driver is found by entry point and never imports another driver.
"""
