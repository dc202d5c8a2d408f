"""A real Redis server, with an append-only file, on a free port."""

import shutil
import subprocess
from pathlib import Path

import pytest
import redis

from bench.load.free_port import free_port

needs_redis = pytest.mark.skipif(shutil.which("redis-server") is None, reason="redis-server is not installed")


class RedisServer:
    """One that can be killed and started again."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self._folder = folder
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.start()

    def start(self) -> None:
        """Returns when it answers."""
        place = ["--bind", "127.0.0.1", "--port", str(self.port), "--dir", str(self._folder)]
        # What is answered has been written then. By default a slow disk delays that, and a kill loses it.
        durable = ["--appendonly", "yes", "--appendfsync", "no"]
        command = ["redis-server", *place, *durable, "--save", ""]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        with redis.Redis.from_url(self.url) as client:
            while True:
                try:
                    client.ping()
                except redis.exceptions.ConnectionError:
                    assert self.process.poll() is None, "redis-server has ended"
                else:
                    return

    def kill(self) -> None:
        """Without a chance to write anything."""
        self.process.kill()
        self.process.wait()

    def flush(self) -> None:
        """Forgets everything."""
        with redis.Redis.from_url(self.url) as client:
            client.flushall()
