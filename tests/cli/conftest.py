"""The command line, run as people and programs run it: HELICON_BINARY, and a home of its own."""

import os
import pathlib
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import tiny_model  # noqa: E402
from terminal import Terminal  # noqa: E402


class Result:
    def __init__(self, completed):
        self.code = completed.returncode
        self.bytes = completed.stdout
        self.out = completed.stdout.decode()
        self.error = completed.stderr.decode()

    def fails_with(self, *words, code=1):
        """One line on standard error, beginning with the program's name, holding `words`."""
        assert self.code == code, (self.code, self.out, self.error)
        assert self.error.startswith("helicon: ") and self.error.endswith("\n"), self.error
        assert self.error[:-1].isprintable(), self.error
        for word in words:
            assert str(word) in self.error, (word, self.error)
        return self

    def succeeds(self):
        assert self.code == 0, (self.code, self.error)
        return self


class Helicon:
    """Runs the program; `model` is the tiny one, there under the name "tiny" too."""

    def __init__(self, home, model):
        self.binary = os.environ["HELICON_BINARY"]
        self.home = home
        self.model = model
        self.env = os.environ | {"HELICON_HOME": str(home), "TERM": "xterm"}

    def __call__(self, *arguments, stdin=b"", timeout=60, **options):
        stdin = stdin.encode() if isinstance(stdin, str) else stdin
        return Result(subprocess.run(
            [self.binary, *(a if isinstance(a, bytes) else str(a) for a in arguments)],
            input=stdin, capture_output=True, env=self.env, timeout=timeout, check=False, **options))

    def start(self, *arguments):
        """Without waiting for its end."""
        return subprocess.Popen([self.binary, *map(str, arguments)], env=self.env,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def terminal(self, *arguments, **options):
        return Terminal([self.binary, *map(str, arguments)], self.env, **options)


@pytest.fixture(scope="session")
def tiny(tmp_path_factory):
    return tiny_model.write(tmp_path_factory.mktemp("models") / "tiny.gguf")


@pytest.fixture
def helicon(tmp_path, tiny):
    home = tmp_path / "home"
    (home / "models").mkdir(parents=True)
    (home / "models" / "tiny.gguf").symlink_to(tiny)
    return Helicon(home, tiny)
