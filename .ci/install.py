"""Installs Footfall into the running interpreter's environment, and shows how far pip is.

    .venv/bin/python .ci/install.py dev

pip alone says either nothing for minutes or four hundred lines. On a terminal one line changes; elsewhere, as in CI, a
line comes now and then. Where pip fails, all that it said stands below.
"""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator

_FOUND = re.compile(r"(?:Collecting|Requirement already satisfied:) ([\w.\-\[\]]+)")
_FETCHED = re.compile(r"\s*(?:Downloading|Using cached) (\S+?)-\d\S*\.(?:whl|tar\.gz) (\(.+?\))")
_INSTALLING = "Installing collected packages: "
#: Seconds between two lines where none can change.
QUIET_SECONDS = 20.0


def steps(lines: Iterable[str]) -> Iterator[str]:
    """What each line of pip's means for somebody who waits, in a few words; nothing for lines that change nothing."""
    found: set[str] = set()
    fetched = 0
    for line in lines:
        if (match := _FOUND.match(line)) is not None:
            found.add(match[1].partition("[")[0].lower())
            yield f"packages found: {len(found)} ({match[1]})"
        elif (match := _FETCHED.match(line)) is not None:
            fetched += 1
            yield f"packages here: {fetched} of {max(fetched, len(found))} ({match[1]}, {match[2][1:-1]})"
        elif line.startswith(_INSTALLING):
            yield f"installing {line.count(',') + 1} packages: half a minute without a word"


def install(command: list[str]) -> int:
    """Run pip with its progress on this terminal. Returns its exit code."""
    began = said_at = time.monotonic()
    said: list[str] = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as pip:
        assert pip.stdout is not None

        def lines() -> Iterator[str]:
            for line in pip.stdout or ():
                said.append(line)
                yield line

        for step in steps(lines()):
            now = time.monotonic()
            text = f"  {now - began:4.0f} s  {step}"
            if sys.stdout.isatty():
                print(f"\r\033[K{text[:100]}", end="", flush=True)
            elif now - said_at >= QUIET_SECONDS or step.startswith("installing"):
                said_at = now
                print(text, flush=True)
    if sys.stdout.isatty():
        print("\r\033[K", end="")
    if pip.returncode:
        sys.stdout.writelines(said)
    else:
        print(f"Installed in {time.monotonic() - began:.0f} s")
    return pip.returncode


if __name__ == "__main__":
    pip = [sys.executable, "-m", "pip", "install", "--disable-pip-version-check", "--progress-bar=off"]
    # Compiling all of it takes 32 s of CPU, what the first demo imports 11 s.
    sys.exit(install([*pip, "--no-compile", "-c", "constraints.txt", "-e", f".[{sys.argv[1]}]"]))
