"""One worker process of this machine: `python -m crawler.engine.worker`, spoken to through its pipes.

It ends at once when its parent does, however that ended: the pipe it reads from closes. Ctrl-C is for the
parent to act on.
"""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import struct
import sys
import threading
from typing import BinaryIO, Final

# As in the command itself: what importing makes stays.
gc.set_threshold(50_000, 20, 20)

from crawler.engine.agent import Agent  # noqa: E402

HEADER: Final = struct.Struct(">I")
"""The length of a message in bytes, before it."""


def main() -> None:
    """Answer each message on stdin by one on stdout until stdin closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Nothing that prints may get between the messages.
    out = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    asyncio.run(_serve(sys.stdin.buffer, out))


async def _serve(orders: BinaryIO, reports: BinaryIO) -> None:
    loop = asyncio.get_running_loop()
    arrived: asyncio.Queue[bytes] = asyncio.Queue()

    def read() -> None:
        while True:
            header = orders.read(HEADER.size)
            data = orders.read(HEADER.unpack(header)[0]) if len(header) == HEADER.size else b""
            if not data:
                # Without waiting for anything: whoever started us may have been killed.
                os._exit(0)
            loop.call_soon_threadsafe(arrived.put_nowait, data)

    threading.Thread(target=read, name="orders", daemon=True).start()
    agent = Agent()
    while True:
        report = await agent.exchange(await arrived.get())
        # A pipe holds 64 kB: the parent may be busy, and nobody here shall wait for it.
        await asyncio.to_thread(_write, reports, report)


def _write(reports: BinaryIO, data: bytes) -> None:
    try:
        reports.write(HEADER.pack(len(data)) + data)
        reports.flush()
    except BrokenPipeError:
        os._exit(0)


if __name__ == "__main__":
    main()
