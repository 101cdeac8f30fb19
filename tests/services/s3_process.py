"""A server that stores as S3 does, as a process of its own on a free port of loopback: moto's, which verifies signatures.

It keeps everything in memory: a killed one comes back empty, with the same bucket; started with the keys that it had, it
takes them without looking at signatures. A stall shows a store that does not answer.
"""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3  # type: ignore[import-untyped]
from services.ports import free_port
from services.stallable import Stallable

BUCKET = "boards"
REGION = "eu-central-1"
_POLICY = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}'
_SETTING_UP = 4
"""Requests of `start`: after them every one must be signed with the key that was made."""
_START_SECONDS = 120.0
_POLL_SECONDS = 0.02


class S3Process(Stallable):
    """The server, started, stalled, killed and watched."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.port = free_port()
        self.access_key = ""
        self.secret_key = ""
        self._s3: Any = None
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def endpoint(self) -> str:
        """What `--s3-endpoint` takes."""
        return f"http://127.0.0.1:{self.port}"

    def start(self, *, verifies: bool = True) -> None:
        """Start it, empty; return once it has the bucket.

        Args:
            verifies: take nothing but what is signed with a new key; else anything, with the keys that it had.
        """
        count = str(_SETTING_UP) if verifies else "inf"
        environment = {**os.environ, "INITIAL_NO_AUTH_ACTION_COUNT": count}
        command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(self.port)]
        with (self._folder / "s3.log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, env=environment)
        deadline = time.monotonic() + _START_SECONDS
        while not self._listens():
            assert self._process.poll() is None, (self._folder / "s3.log").read_text()
            assert time.monotonic() < deadline, "the S3 server did not answer"
            time.sleep(_POLL_SECONDS)
        if verifies:
            self._make_key()
        location = {"LocationConstraint": REGION}
        client = self._client("s3", "nobody", "nothing")
        client.create_bucket(Bucket=BUCKET, CreateBucketConfiguration=location)
        self._s3 = self._client("s3", self.access_key, self.secret_key)

    def objects(self) -> dict[str, bytes]:
        """All that is in the bucket, as another client sees it."""
        client = self._s3
        listed = client.list_objects_v2(Bucket=BUCKET).get("Contents", [])
        return {
            each["Key"]: client.get_object(Bucket=BUCKET, Key=each["Key"])["Body"].read() for each in listed
        }

    def uploads(self) -> int:
        """Uploads in parts that were begun and neither finished nor given up."""
        return len(self._s3.list_multipart_uploads(Bucket=BUCKET).get("Uploads", []))

    def _make_key(self) -> None:
        iam = self._client("iam", "nobody", "nothing")
        iam.create_user(UserName="whiteboard")
        iam.put_user_policy(UserName="whiteboard", PolicyName="all", PolicyDocument=_POLICY)
        made = iam.create_access_key(UserName="whiteboard")["AccessKey"]
        self.access_key, self.secret_key = made["AccessKeyId"], made["SecretAccessKey"]

    def _client(self, service: str, access_key: str, secret_key: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.endpoint,
            region_name=REGION,
            aws_access_key_id=access_key,
            aws_secret_access_key=secret_key,
        )

    def _listens(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
        except OSError:
            return False
        return True


@contextmanager
def s3_running(folder: Path) -> Iterator[S3Process]:
    """An S3 server for the length of the block."""
    server = S3Process(folder)
    server.start()
    try:
        yield server
    finally:
        server.kill()
