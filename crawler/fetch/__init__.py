import sys

# httpx brings its own command line along wherever rich, pygments and click are installed, and falls back to
# none on ImportError: a third of the time that importing this room would take.
sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]
