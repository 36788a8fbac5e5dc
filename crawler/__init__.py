"""Keeps curated lists of open-source AI alive: link health and facts, night after night."""

from typing import Final

__version__: Final = "0.1.0"
