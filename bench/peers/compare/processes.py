"""Processes of a system: started with a log, found with their children, and ended with them."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

STOP_SECONDS = 5.0


class CannotStart(Exception):
    """A program of a system is not there, or ended when it should have served."""


@dataclass(frozen=True)
class Program:
    """What to start. `group` is whose CPU time it is: the system's, Redis' or the object store's."""

    group: str
    arguments: Sequence[str]
    environment: Mapping[str, str]
    folder: Path
    executable: str | None = None


class Running:
    """A program that runs, in a session of its own."""

    def __init__(self, program: Program, log: Path) -> None:
        """Start it; its output goes to the log."""
        self.group = program.group
        self.log = log
        self._name = program.arguments[0]
        with log.open("ab") as output:
            try:
                self.process = subprocess.Popen(
                    program.arguments,
                    executable=program.executable,
                    env=program.environment,
                    cwd=program.folder,
                    stdin=subprocess.PIPE,
                    stdout=output,
                    stderr=output,
                    start_new_session=True,
                )
            except OSError as error:
                raise CannotStart(f"{self._name}: {error}") from error

    def require_alive(self) -> None:
        """Fail with the end of its log when it has ended."""
        if self.process.poll() is not None:
            tail = self.log.read_text(errors="replace")[-2000:]
            raise CannotStart(f"{self._name} ended with status {self.process.returncode}:\n{tail}")

    def stop(self) -> None:
        """Ask it to end; after `STOP_SECONDS` end it and its children."""
        if self.process.stdin is not None:
            self.process.stdin.close()
        self._signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(timeout=STOP_SECONDS)
        self._signal(signal.SIGKILL)
        self.process.wait()

    def _signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, number)


def free_port() -> int:
    """Find a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
