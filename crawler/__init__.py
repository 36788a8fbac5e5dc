"""Keeps curated lists of open-source AI alive: link health and facts, night after night."""

__version__ = "0.1.0"
