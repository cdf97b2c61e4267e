"""A declarative reconciliation controller for machines that people own or rent."""

__version__ = "0.1.0"
