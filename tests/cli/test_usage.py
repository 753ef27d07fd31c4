"""What every verb has in common: help, wrong command lines, outputs that fail."""

import os
import re
import signal
import subprocess

import pytest

VERBS = ["run", "serve", "pull", "ls", "rm", "show", "tokenize", "template", "logits", "bench"]


def test_version(helicon):
    assert re.fullmatch(r"helicon \d+\.\d+\.\d+\n", helicon("--version").succeeds().out)


def test_help_names_every_verb(helicon):
    text = helicon("--help").succeeds().out
    for verb in VERBS:
        assert re.search(rf"^  {verb} +\S", text, re.MULTILINE), verb


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help(helicon, verb):
    assert f"helicon {verb}" in helicon(verb, "--help").succeeds().out


@pytest.mark.parametrize("arguments, words", [
    ([], ["no command", "helicon --help"]),
    (["rnu", "tiny"], ["'rnu'", "did you mean 'run'?"]),
    (["--hlep"], ["'--hlep'", "did you mean '--help'?"]),
    (["xyzzy"], ["'xyzzy'", "helicon --help"]),
    (["run"], ["MODEL is required"]),
    (["run", "tiny", "--temprature", "1"], ["'--temprature'", "did you mean '--temperature'?"]),
    (["run", "tiny", "--temprature=1"], ["'--temprature'", "did you mean '--temperature'?"]),
    (["run", "tiny", "--temperature", "warm"], ["--temperature", "0 or more", "'warm'"]),
    (["run", "tiny", "--temperature", "-1"], ["--temperature", "0 or more", "'-1'"]),
    (["run", "tiny", "--top-p", "0"], ["--top-p", "above 0, at most 1", "'0'"]),
    (["run", "tiny", "--top-k", "1.5"], ["--top-k", "whole number", "'1.5'"]),
    (["run", "tiny", "--seed", "-3"], ["--seed", "whole number", "'-3'"]),
    (["run", "tiny", "--max-tokens", "0"], ["--max-tokens", "1 or more", "'0'"]),
    (["run", "tiny", "--context", "many"], ["--context", "many"]),
    (["run", "tiny", "--cache-type", "q4"], ["--cache-type", "q4", "f16"]),
    (["run", "tiny", "--seed"], ["--seed"]),
    (["ls", "surplus"], ["ls", "'surplus'"]),
    (["template", "tiny"], ["--input"]),
])
def test_wrong_command_lines(helicon, arguments, words):
    result = helicon(*arguments).fails_with(*words, code=2)
    assert result.out == ""


def test_full_disk(helicon):
    with open("/dev/full", "wb") as full:
        done = subprocess.run([helicon.binary, "ls"], stdout=full, stderr=subprocess.PIPE,
                              env=helicon.env, timeout=60, check=False)
    assert done.returncode == 1
    assert done.stderr == b"helicon: standard output: No space left on device\n"


def test_reader_that_goes_away(helicon):
    """As any program behind `| head`: it ends by SIGPIPE and has nothing to say about it."""
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run([helicon.binary, "ls"], stdout=writer, stderr=subprocess.PIPE,
                          env=helicon.env, timeout=60, check=False)
    os.close(writer)
    assert done.returncode == -signal.SIGPIPE
    assert done.stderr == b""


def test_messages_cannot_steer_the_terminal(helicon):
    helicon("show", "no\x1b[2Jsuch\nmodel").fails_with("no\u241b[2Jsuch\u240amodel")


def test_unknown_log_level(helicon):
    helicon.env["HELICON_LOG"] = "chatty"
    helicon("ls").fails_with("HELICON_LOG", "chatty")
