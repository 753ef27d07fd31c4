"""A program on a terminal of its own: what a person types, and what they would see."""

import fcntl
import os
import re
import select
import struct
import subprocess
import termios
import time

ESCAPES = re.compile(r"\x1b\[[0-9;?]*[@-~]|\x1b[=>]")

CTRL_C, CTRL_D, CTRL_R = "\x03", "\x04", "\x12"
UP, LEFT, HOME = "\x1b[A", "\x1b[D", "\x1b[H"
PASTE = "\x1b[200~{}\x1b[201~"  # what a terminal sends around pasted text


class Terminal:
    """Use it as a context: leaving it ends the program."""

    def __init__(self, command, env, columns=100, rows=30, **options):
        self.controller, terminal = os.openpty()
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

        def own_terminal():
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)

        streams = {"stdin": terminal, "stdout": terminal, "stderr": terminal} | options
        self.process = subprocess.Popen(
            command, env=env, start_new_session=True, preexec_fn=own_terminal,
            **streams)
        os.close(terminal)
        self.bytes = b""  # all that came
        self.seen = 0  # how much of text() was looked at

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self.controller)

    def text(self):
        return ESCAPES.sub("", self.bytes.decode("utf-8", "replace")).replace("\r", "")

    def _receive(self, seconds):
        if not select.select([self.controller], [], [], max(seconds, 0))[0]:
            return False
        try:
            received = os.read(self.controller, 65536)
        except OSError:  # the other side is closed
            received = b""
        self.bytes += received
        return bool(received)

    def expect(self, wanted, seconds=20):
        """Waits for text that was not looked at yet, and returns what came before it."""
        deadline = time.monotonic() + seconds
        while wanted not in self.text()[self.seen :]:
            open_still = self._receive(deadline - time.monotonic())
            if not open_still and wanted not in self.text()[self.seen :]:
                raise AssertionError(f"no {wanted!r} in {self.text()[self.seen:]!r}")
        before, _, _ = self.text()[self.seen :].partition(wanted)
        self.seen += len(before) + len(wanted)
        return before

    def send(self, text):
        os.write(self.controller, text.encode())

    def line(self, text):
        self.send(text + "\r")

    def exit_code(self, seconds=20):
        """Of the program, which must end by itself."""
        deadline = time.monotonic() + seconds
        while self.process.poll() is None and time.monotonic() < deadline:
            self._receive(0.05)
        while self._receive(0.05):
            pass
        return self.process.wait(timeout=max(deadline - time.monotonic(), 0.1))
