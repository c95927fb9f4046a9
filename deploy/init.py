"""`footfall init` in a container, into the folder that compose.yaml mounts.

    docker compose run --rm init --domain shop.example
    docker compose run --rm init dbt-init rules            # or any other command that writes there

The folder belongs to whoever cloned the repository, the servers run as another user (the data directory's), and its
settings hold secrets: they become files of the folder's owner, which the servers' group may read and nobody else. For
that this starts as root. The command itself, which may read what others wrote, runs as the servers' user.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def main(arguments: list[str]) -> int:
    """Run init with the shop's public addresses before ``arguments``, or the command that they name. Returns its exit
    code.
    """
    shop, data = Path(os.environ["FOOTFALL_CONFIG"]).parent, Path(os.environ["FOOTFALL_DATA"])
    command = ["footfall", *arguments]
    if not arguments or arguments[0].startswith("-"):
        command = ["footfall", "init", "--data", str(data), "--next", "docker compose up -d"]
        for option, name in (("--collector-url", "COLLECTOR_HOST"), ("--api-url", "API_HOST")):
            command += [option, f"https://{os.environ[name]}"]
        command += arguments
    if os.geteuid() != 0:
        return subprocess.run(command).returncode
    servers, owner = data.stat(), shop.stat().st_uid
    try:
        shop.chmod(0o770)
        _hand_over(shop, owner, servers.st_uid, servers.st_gid)
        return subprocess.run(command, user=servers.st_uid, group=servers.st_gid, extra_groups=[]).returncode
    except OSError as error:
        print(f"can't share {shop} with the servers: {error}", file=sys.stderr)
        return 1
    finally:
        _hand_over(shop, servers.st_uid, owner, servers.st_gid)
        shop.chmod(0o750)
        for file in shop.glob("footfall.toml*"):
            file.chmod(0o640)


def _hand_over(shop: Path, before: int, after: int, group: int) -> None:
    """Give what belongs to one user to the other, and all of it to the group. The folder itself stays its owner's."""
    os.chown(shop, -1, group)
    for folder, folders, files in os.walk(shop):
        for name in (*folders, *files):
            path = Path(folder, name)
            if path.lstat().st_uid == before:
                os.chown(path, after, group, follow_symlinks=False)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
