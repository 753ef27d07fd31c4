"""run without a prompt: a conversation at a terminal, typed and read as a person would."""

import os
import signal
import stat
import subprocess
import time

import pytest
from terminal import CTRL_C, CTRL_D, CTRL_R, HOME, LEFT, PASTE, UP, Terminal

PROMPT = ">>> "
MORE = "... "


@pytest.fixture
def session(helicon):
    with helicon.terminal("run", "tiny", "--context", "100000") as terminal:
        terminal.expect(PROMPT)
        yield terminal


def asks(session, typed, answer):
    """Types a line and expects that answer on a line of its own, then the prompt."""
    session.line(typed)
    session.expect("\n" + answer + "\n")
    session.expect(PROMPT)


def says_bye(session):
    session.line("/bye")
    assert session.exit_code() == 0


def test_question_and_answer(session):
    asks(session, "begin at m", "nopqrstuvwxyz")
    asks(session, "begin at w", "xyz")
    says_bye(session)


def test_answer_streams(session):
    """The first letters are there long before the last of 100 000."""
    session.line("Z")
    session.expect("ABCDEFGHIJKLMNOPQRSTUVWXYZ", seconds=5)
    session.send(CTRL_C)
    session.expect(PROMPT)
    says_bye(session)


def test_ctrl_c_stops_the_answer_and_not_the_program(session):
    for _ in range(3):
        session.line("for ever: A")
        session.expect("BCDEFG")
        session.send(CTRL_C)
        session.expect(PROMPT, seconds=5)
    asks(session, "still there? w", "xyz")
    says_bye(session)


def test_ctrl_c_at_the_prompt_drops_the_line(session):
    session.send("not this one")
    session.expect("not this one")
    session.send(CTRL_C)
    session.expect(PROMPT)
    session.send('"""\rnor this')
    session.expect("nor this")
    session.send(CTRL_C)
    session.expect(PROMPT)
    session.line("/set")  # neither message was sent with it, and no quote is open
    session.expect("temperature")
    session.expect(PROMPT)
    says_bye(session)


def test_interrupt_from_elsewhere(session):
    """kill -INT, as from another terminal: while it answers, just after, and at the prompt."""
    session.line("A")
    session.expect("BCD")
    os.kill(session.process.pid, signal.SIGINT)
    session.expect(PROMPT)
    asks(session, "w", "xyz")


def test_ctrl_z_stops_and_continues(helicon):
    shell = f"{helicon.binary} run tiny; echo suspended; fg"  # stopped, the next command has its turn
    with Terminal(["bash", "-m", "-c", shell], helicon.env) as session:
        session.expect(PROMPT)
        session.send("half a li")
        session.expect("half a li")
        session.send("\x1a")
        session.expect("\nsuspended\n")
        session.expect("half a li")
        session.line("ne w")
        session.expect("\nxyz\n")


def test_ctrl_d_ends(session):
    session.send(CTRL_D)
    assert session.exit_code() == 0


def test_closed_terminal_ends(session):
    os.kill(session.process.pid, signal.SIGHUP)
    assert session.exit_code() == -signal.SIGHUP


def test_chinese_and_emoji(session):
    asks(session, "你好 🙂 #", "你😀")
    # Typed around: the cursor must know how much of the line one character is.
    session.send("世界#" + LEFT + LEFT + "🙂" + HOME + "w")
    session.send("\x05\r")  # to the end of the line
    session.expect("\n你😀\n")
    session.expect(PROMPT)
    session.line("/system 你是🙂")
    session.expect(PROMPT)
    asks(session, "/system", "你是🙂")
    # Backspace takes one character, not one byte.
    session.line("/system 漢字🙂\x7f\x7f子")
    session.expect(PROMPT)
    asks(session, "/system", "漢子")
    says_bye(session)


def prompt_tokens(session):
    session.expect("helicon: prompt ")
    return int(session.expect(" tokens"))


@pytest.fixture
def counting(helicon):
    """A session that tells after each answer how many tokens, here bytes, the prompt had."""
    with helicon.terminal("run", "tiny", "--verbose") as terminal:
        terminal.expect(PROMPT)
        yield terminal


def test_several_lines_between_quotes(counting):
    counting.line('"""one')
    counting.expect(MORE)
    counting.line("")
    counting.expect(MORE)
    counting.line('w"""')
    counting.expect("\nxyz\n")
    assert prompt_tokens(counting) == len("<user>one\n\nw")


def test_several_lines_with_backslashes(counting):
    counting.line("one\\")
    counting.expect(MORE)
    counting.line("w")
    counting.expect("\nxyz\n")
    assert prompt_tokens(counting) == len("<user>one\nw")


def test_pasted_lines_are_one_message(counting):
    pasted = "".join(f"line {number}\n" for number in range(300)) + "世界 w"
    counting.send(PASTE.format(pasted.replace("\n", "\r")))
    counting.expect("世界 w")
    counting.send("\r")
    counting.expect("\nxyz\n")
    assert prompt_tokens(counting) == len(("<user>" + pasted).encode())


def test_conversation_remembers_and_clears(counting):
    counting.line("x")
    assert prompt_tokens(counting) == len("<user>x")
    counting.expect(PROMPT)
    counting.line("y")
    assert prompt_tokens(counting) == len("<user>x<assistant>yz<user>y")
    counting.expect(PROMPT)
    counting.line("/clear")
    counting.expect(PROMPT)
    counting.line("/system hi")
    counting.expect(PROMPT)
    counting.line("y")
    assert prompt_tokens(counting) == len("<system>hi<user>y")
    counting.expect(PROMPT)
    counting.line("/system none")
    counting.expect(PROMPT)
    counting.line("/clear")
    counting.expect(PROMPT)
    counting.line("y")
    assert prompt_tokens(counting) == len("<user>y")


def test_stopped_answers_stay_in_the_conversation(counting):
    counting.line("A")
    counting.expect("BCD")
    counting.send(CTRL_C)
    said = int(counting.expect(" tokens in", seconds=5).rpartition("answer ")[2])
    counting.expect(PROMPT)
    counting.line("y")
    remembered = prompt_tokens(counting) - len("<user>A<assistant><user>y")
    assert 3 <= remembered <= said


def test_history_within_and_across_sessions(helicon):
    history = helicon.home / "config" / "history"
    with helicon.terminal("run", "tiny") as first:
        first.expect(PROMPT)
        asks(first, "remember 你好 w", "xyz")
        first.line('"""two')
        first.expect(MORE)
        first.line('lines x"""')
        first.expect("\nyz\n")
        first.expect(PROMPT)
        first.send(UP + UP)
        first.expect("remember 你好 w")
        first.send("\r")
        first.expect("\nxyz\n")
        first.expect(PROMPT)
        says_bye(first)
    assert stat.S_IMODE(history.stat().st_mode) == 0o600
    with helicon.terminal("run", "tiny", "--verbose") as second:
        second.expect(PROMPT)
        second.send(UP * 3)
        second.expect("lines x")
        second.send("\r")
        second.expect("\nyz\n")
        assert prompt_tokens(second) == len("<user>two\nlines x")
        second.expect(PROMPT)
        second.send(CTRL_R + "remem")
        second.expect("remember 你好 w")
        second.send("\r")
        second.expect("\nxyz\n")


def test_set(session):
    session.line("/set max-tokens 3")
    session.expect(PROMPT)
    asks(session, "a", "bcd")
    session.line("/set")
    session.expect("max-tokens          3 ")
    session.expect(PROMPT)
    for wrong, message in [("/set temperature hot", "temperature must be"),
                           ("/set temperatur 1", "did you mean 'temperature'?"),
                           ("/set top-p", "top-p must be")]:
        session.line(wrong)
        session.expect("helicon: ")
        session.expect(message)
        session.expect(PROMPT)
    asks(session, "a", "bcd")


def test_show_and_help(session):
    session.line("/show")
    session.expect("architecture  llama")
    session.expect(PROMPT)
    session.line("/help")
    for command in ["/help", "/clear", "/system", "/set", "/show", "/bye"]:
        session.expect("\n" + command)
    session.expect(PROMPT)


def test_unknown_commands_are_not_sent(session):
    session.line("/hlep")
    session.expect("helicon: no command '/hlep'; did you mean '/help'?")
    session.expect(PROMPT)
    asks(session, '"""/w"""', "xyz")  # unless quoted
    session.line("  ")
    session.expect(PROMPT)


def test_full_context_is_told_and_survived(helicon):
    with helicon.terminal("run", "tiny", "--context", "256") as session:
        session.expect(PROMPT)
        session.line("A")
        session.expect("the context of 256 tokens is full; /clear")
        session.expect(PROMPT)
        session.line("x" * 300 + "y")
        session.expect("helicon: ")
        told = session.expect(PROMPT)
        assert "256" in told
        session.line("/clear")
        session.expect(PROMPT)
        asks(session, "y", "z")


def test_output_elsewhere(helicon):
    """`helicon run tiny > file`: typed at the terminal, only answers in the file."""
    with helicon.terminal("run", "tiny", stdout=subprocess.PIPE) as session:
        session.expect(">>> ")
        session.line("v")
        deadline = time.monotonic() + 20
        answer = b""
        while b"wxyz\n" not in answer and time.monotonic() < deadline:
            answer += session.process.stdout.read1()
        session.expect(PROMPT)
        session.send(CTRL_D)
        assert session.exit_code() == 0
        answer += session.process.stdout.read()
    assert b"wxyz\n" in answer
    assert b">>>" not in answer and b"\x1b" not in answer


@pytest.mark.parametrize("kind", ["dumb", "", "no-such-terminal"])
def test_simple_terminals(helicon, kind):
    helicon.env["TERM"] = kind
    with helicon.terminal("run", "tiny") as session:
        session.expect(">>> ")
        session.line("你好 w")
        session.expect("xyz\n")
        session.expect(">>> ")
        says_bye(session)
