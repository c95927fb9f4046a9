"""Buckets for tests: an S3 server in this process, and one that dies or fails at a chosen step."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock

import httpx
from moto.server import ThreadedMotoServer

from footfall.landing.object_store import Bucket, BucketError


class Killed(BaseException):
    """What a SIGKILL looks like to code that cannot catch it."""


class MortalBucket:
    """A bucket during whose operations the caller may be killed, or told of a failure, before or after the effect."""

    def __init__(self, real: Bucket) -> None:
        self.real = real
        self.url = real.url
        self.fate: BaseException | None = None
        self.steps_left = 0

    def will(self, fate: BaseException, after_steps: int) -> None:
        """Each operation has two steps, before and after its effect; ``fate`` comes at the given one, once."""
        self.fate, self.steps_left = fate, after_steps

    def _step(self) -> None:
        if self.fate is None:
            return
        if self.steps_left == 0:
            fate, self.fate = self.fate, None
            raise fate
        self.steps_left -= 1

    def put_new(self, name: str, data: bytes) -> bool:
        self._step()
        done = self.real.put_new(name, data)
        self._step()
        return done

    def replace(self, name: str, data: bytes) -> None:
        self._step()
        self.real.replace(name, data)
        self._step()

    def read(self, name: str) -> bytes | None:
        self._step()
        data = self.real.read(name)
        self._step()
        return data

    def names(self) -> list[str]:
        self._step()
        names = self.real.names()
        self._step()
        return names

    def delete(self, name: str) -> None:
        self._step()
        self.real.delete(name)
        self._step()


def failure() -> BucketError:
    return BucketError("the network is gone")


@contextmanager
def s3_server(bucket: str) -> Iterator[dict[str, str]]:
    """An S3 server with one bucket; yields the environment that points a client at it."""
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        url = f"http://{host}:{port}"
        httpx.put(f"{url}/{bucket}").raise_for_status()
        env = {
            "AWS_ENDPOINT": url,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": "us-east-1",
        }
        with mock.patch.dict(os.environ, env):
            yield env
    finally:
        server.stop()
