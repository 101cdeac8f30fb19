"""What tests do to a server that is one process: let it stand still, go on, end without a word."""

import signal
import subprocess

_END_SECONDS = 30.0


class Stallable:
    """A server that a subclass starts, as `_process`."""

    _process: "subprocess.Popen[bytes] | None" = None

    @property
    def is_alive(self) -> bool:
        """Whether the process runs."""
        return self._process is not None and self._process.poll() is None

    def stall(self) -> None:
        """Let it stand still, as on a network that swallows everything."""
        self._running.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """End a stall."""
        self._running.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """`kill -9`, and wait until it is gone."""
        self._running.kill()
        self._running.wait(_END_SECONDS)

    @property
    def _running(self) -> "subprocess.Popen[bytes]":
        assert self._process is not None, "start it first"
        return self._process
