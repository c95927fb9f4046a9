"""Several processes as one: started in order, their words on one screen, stopped together.

`footfall demo`, `dev` and `start` stand on it; in production each package has a service manager of its own.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from types import FrameType, TracebackType
from typing import IO, Any, NoReturn

import httpx

#: How long a process gets to end by itself after SIGTERM; the collector drains in well under it.
GRACE_SECONDS = 10.0
_LAST_LINES = 15
#: A process that ended by itself is started again after so long, twice as long each time it does so again, until it
#: has lived for STEADY_SECONDS.
FIRST_WAIT, LONGEST_WAIT, STEADY_SECONDS = 1.0, 60.0, 120.0


class ProcessFailed(Exception):
    """A process that did not come up, or ended by itself; the message holds its last words."""


class Child:
    """A running process, its output kept in a log file."""

    def __init__(
        self,
        name: str,
        process: subprocess.Popen[bytes],
        log: Path,
        command: Sequence[str],
        env: Mapping[str, str],
    ) -> None:
        self.name, self.process, self.log, self.command, self.env = name, process, log, command, env
        self.started_at = time.monotonic()

    def last_words(self) -> str:
        """The last lines of its output, for an error's message."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-_LAST_LINES:])


class Processes:
    """A group of child processes; leaving the context stops them all, the last started first.

    They are in sessions of their own, which neither a closing terminal nor a signal to this process reaches. So within
    the context SIGTERM and SIGHUP raise SystemExit here, and the children are stopped on the way out.
    """

    def __init__(self, logs: Path, *, echo: bool = False) -> None:
        self.logs, self.echo = logs, echo
        self.children: list[Child] = []
        self._before: dict[signal.Signals, Any] = {}
        self._foreground: subprocess.Popen[bytes] | None = None
        self._crashes: defaultdict[str, int] = defaultdict(int)
        self._ended_at: dict[str, float] = {}
        logs.mkdir(parents=True, exist_ok=True)

    def __enter__(self) -> Processes:
        for number in (signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) is signal.SIG_DFL:  # not under nohup
                self._before[number] = signal.signal(number, _leave)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # A shell that closes sends it twice; who waits for the end presses Ctrl-C once more
        before = {**self._before, signal.SIGINT: signal.getsignal(signal.SIGINT)}
        for number in before:
            signal.signal(number, signal.SIG_IGN)
        self.stop()
        for number, handler in before.items():
            signal.signal(number, handler)

    def start(
        self, name: str, command: Sequence[str], env: Mapping[str, str] | None = None, *, again: bool = False
    ) -> Child:
        """Start a process; its output goes to ``logs/<name>.log`` (and the screen with ``echo``), behind what stands
        there where it is started ``again``.
        """
        log = self.logs / f"{name.lower()}.log"
        handle = log.open("ab" if again else "wb")
        process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE if self.echo else handle,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(env or {})},
            # A group of its own: Dagster's children end with it.
            start_new_session=True,
        )
        if self.echo:
            assert process.stdout is not None
            threading.Thread(target=_tee, args=(name, process.stdout, handle), daemon=True).start()
        else:
            handle.close()
        child = Child(name, process, log, command, env or {})
        self.children.append(child)
        return child

    def wait_ready(self, child: Child, url: str, seconds: float = 60.0) -> None:
        """Wait until ``url`` answers below 500. Raises ProcessFailed where it doesn't, or the process ends."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if child.process.poll() is not None:
                raise ProcessFailed(
                    f"{child.name} ended with code {child.process.returncode}:\n{child.last_words()}"
                )
            try:
                # A proxy of the environment must not answer for it.
                if httpx.get(url, timeout=2, trust_env=False).status_code < 500:
                    return
            except httpx.HTTPError:
                pass
            time.sleep(0.1)
        raise ProcessFailed(f"{child.name} did not answer at {url} in {seconds:.0f} s:\n{child.last_words()}")

    def wait(self, look: Callable[[], object] | None = None) -> None:
        """Stay until Ctrl-C or SIGTERM, and ``look`` twice a second; by default as ``check`` does, which raises
        ProcessFailed.
        """
        look = look or self.check
        stopped = threading.Event()

        def stop(_signal: int, _frame: FrameType | None) -> None:
            stopped.set()

        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
        while not stopped.wait(0.5):
            look()

    def run(self, command: Sequence[str], meanwhile: Callable[[], object]) -> int:
        """Run a command to its end, its words on this screen, and return its exit code. ``meanwhile`` is called twice
        a second.
        """
        self._foreground = subprocess.Popen(command, start_new_session=True)
        while True:
            try:
                code = self._foreground.wait(0.5)
            except subprocess.TimeoutExpired:
                meanwhile()
            else:
                self._foreground = None
                return code

    def revive(self, say: Callable[[str], object]) -> None:
        """Start again what ended by itself, and ``say`` so; the others go on. To be called every second or so."""
        now = time.monotonic()
        for child in list(self.children):
            code, name = child.process.poll(), child.name
            if code is None:
                continue
            if name not in self._ended_at:
                self._ended_at[name] = now
                steady = now - child.started_at > STEADY_SECONDS
                self._crashes[name] = 1 if steady else self._crashes[name] + 1
                wait = self._wait(name)
                say(
                    f"{name} ended with code {code}; it is started again in {wait:.0f} s. Its last words "
                    f"({child.log}):\n{child.last_words()}"
                )
            elif now - self._ended_at[name] >= self._wait(name):
                del self._ended_at[name]
                self.restart(name)

    def _wait(self, name: str) -> float:
        return float(min(FIRST_WAIT * 2 ** (self._crashes[name] - 1), LONGEST_WAIT))

    def check(self, allow: Collection[str] = ()) -> None:
        """Raise ProcessFailed where a process ended by itself; those in ``allow`` may (they await a code change)."""
        for child in self.children:
            if child.name not in allow and (code := child.process.poll()) is not None:
                raise ProcessFailed(f"{child.name} ended with code {code}:\n{child.last_words()}")

    def restart(self, name: str) -> None:
        """Stop the process of that name and start it again as it was."""
        child = next(each for each in self.children if each.name == name)
        _end([child.process])
        self.children.remove(child)
        self.start(name, child.command, child.env, again=True)

    def stop(self) -> None:
        """End every process: SIGTERM to its group, SIGKILL to what is left after the grace."""
        foreground = [self._foreground] if self._foreground else []
        _end([*foreground, *(child.process for child in reversed(self.children))])
        self._foreground = None
        self.children.clear()


def footfall_command(*arguments: str) -> list[str]:
    """The `footfall` command of the running interpreter."""
    return [sys.executable, "-m", "footfall.commands.main", *arguments]


def _leave(number: int, _frame: FrameType | None) -> NoReturn:
    raise SystemExit(128 + number)


def _end(processes: Sequence[subprocess.Popen[bytes]]) -> None:
    for process in processes:
        _signal_group(process, signal.SIGTERM)
    deadline = time.monotonic() + GRACE_SECONDS
    for process in processes:
        try:
            process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            _signal_group(process, signal.SIGKILL)
            process.wait()


def _signal_group(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    try:
        os.killpg(process.pid, number)
    except ProcessLookupError:
        return


def _tee(name: str, source: IO[bytes], log: IO[bytes]) -> None:
    with log:
        for line in source:
            log.write(line)
            log.flush()
            sys.stdout.write(f"{name:>10} | {line.decode(errors='replace')}")
            sys.stdout.flush()
