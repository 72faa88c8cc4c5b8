"""The stalls of found.rs under pyleak: how many it reports, and how wrong their length is.

usage: pyleak_found.py [stalls of each kind]; needs the package pyleak.
"""
import asyncio
import os
import socket
import statistics
import sys
import tempfile
import threading
import time

from pyleak import EventLoopBlockError, no_event_loop_blocking

THRESHOLD = 0.010
STALL = 0.020


def sleep():
    time.sleep(STALL)


def cpu():
    end = time.perf_counter() + STALL
    while time.perf_counter() < end:
        sum(range(100))


def socket_read():
    here, there = socket.socketpair()
    threading.Timer(STALL, there.send, (b"x",)).start()
    here.recv(1)
    here.close()
    there.close()


def mutex():
    lock = threading.Lock()
    lock.acquire()
    threading.Timer(STALL, lock.release).start()
    lock.acquire()


def file():
    end = time.perf_counter() + STALL
    with tempfile.TemporaryFile() as written:
        while time.perf_counter() < end:
            written.write(b"\7" * 4096)
            written.flush()
            os.fsync(written.fileno())


async def one(hold):
    """True length, and the lengths that pyleak reported, in seconds."""
    length, events = 0.0, []
    try:
        async with no_event_loop_blocking(action="raise", threshold=THRESHOLD):
            await asyncio.sleep(0.015)
            begun = time.perf_counter()
            hold()
            length = time.perf_counter() - begun
            await asyncio.sleep(0.05)
    except EventLoopBlockError as error:
        events = error.blocking_events
    return length, [event.duration for event in events]


async def main():
    stalls = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    for hold in (sleep, cpu, socket_read, mutex, file):
        found, errors = 0, []
        for _ in range(stalls):
            length, reports = await one(hold)
            found += bool(reports)
            if reports:
                errors.append((sum(reports) - length) * 1e3)
        error = f"{statistics.median(errors):+.2f} ms" if errors else "–"
        print(f"{'pyleak':<12} {hold.__name__:<12} {100 * found / stalls:>6.1f}% {'':>11} {error:>12}")


asyncio.run(main())
