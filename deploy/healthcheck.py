"""Whether a server of this container is ready: 0 where http://127.0.0.1:PORT/PATH answers with 200, else 1.

    python -I deploy/healthcheck.py 8710 /readyz

No package, and no proxy of the environment: it runs every few seconds, which costs 0.1 s of CPU each.
"""

from __future__ import annotations

import sys
from http.client import HTTPConnection, HTTPException

#: Below the timeout of compose.yaml, which would only say that there was one.
SECONDS = 4.0


def main(port: str, path: str) -> int:
    """Ask, print what is wrong, return the exit code."""
    connection = HTTPConnection("127.0.0.1", int(port), timeout=SECONDS)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read(500).decode(errors="replace")
    except (OSError, HTTPException) as error:
        print(f"port {port}: {error!r}")
        return 1
    finally:
        connection.close()
    print(f"{answer.status} {body}")
    return int(answer.status != 200)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
