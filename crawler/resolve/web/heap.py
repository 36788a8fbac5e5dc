"""Memory kept between pages: glibc gives it back to the system after each, and has it zeroed for the next.

A parsed page takes some hundred kilobytes and returns them; 40 page faults a page cost more than the parsing.
"""

from __future__ import annotations

import ctypes
from functools import cache
from typing import Final

# mallopt(3). Setting one of them ends glibc's own adjusting of both, so that both are set.
M_TRIM_THRESHOLD: Final = -1
M_MMAP_THRESHOLD: Final = -3
KEPT_BYTES: Final = 16 * 1024 * 1024
OWN_MAPPING_BYTES: Final = 4 * 1024 * 1024


@cache
def keep_memory() -> bool:
    """Let this process keep freed memory, up to KEPT_BYTES of it. False where the C library cannot."""
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):  # musl, macOS, Windows
        return False
    return all([mallopt(M_MMAP_THRESHOLD, OWN_MAPPING_BYTES), mallopt(M_TRIM_THRESHOLD, KEPT_BYTES)])
