"""run with a prompt: one answer, for a person or for a program."""

import json
import signal

from terminal import CTRL_C

ALPHABET = "abcdefghijklmnopqrstuvwxyz"


def test_answers_a_prompt(helicon):
    assert helicon("run", "tiny", "begin at m").succeeds().out == "nopqrstuvwxyz\n"
    assert helicon("run", helicon.model, "x").out == "yz\n"
    assert helicon("run", "tiny", "words", "are", "joined:", "t").out == "uvwxyz\n"


def test_answers_what_is_piped_in(helicon):
    assert helicon("run", "tiny", stdin="w").succeeds().out == "xyz\n"
    assert helicon("run", "tiny", stdin="piped\n").out == "xyz\n"  # after a line's end comes xyz


def usage(helicon, *arguments, model="tiny", **options):
    return json.loads(helicon("run", model, "--json", *arguments, **options).succeeds().out)


def test_agents_in_json(helicon):
    answer = usage(helicon, "u", "--mode", "contemplating", "--agents", "3", "--budget", "30")
    assert sorted(agent["agent"] for agent in answer["agents"]) == [0, 1, 2]
    assert all(agent["outcome"] == "answered" and agent["tokens"] > 0 for agent in answer["agents"])


def test_options_belong_to_modes(helicon):
    helicon("run", "tiny", "u", "--agents", "3").fails_with("--agents", "--mode contemplating", code=2)
    helicon("run", "tiny", "u", "--effort", "low").fails_with("--mode thinking", code=2)


def test_a_mode_may_be_the_models_suffix(helicon):
    answer = usage(helicon, "u", "--agents", "2", "--budget", "30", model="tiny:contemplating")
    assert len(answer["agents"]) == 2
    helicon("run", "tiny:thinking", "u", "--mode", "instant").fails_with("contradicts", code=2)


def test_prompt_goes_after_what_is_piped_in(helicon):
    answer = usage(helicon, "sum up: v", stdin="some data\n")
    assert answer["answer"] == "wxyz"
    assert answer["usage"]["prompt_tokens"] == len("<user>some data\n\nsum up: v")


def test_json(helicon):
    answer = usage(helicon, "u")
    assert answer["model"] == "tiny"
    assert answer["answer"] == "vwxyz"
    assert answer["finish_reason"] == "stop"
    assert answer["usage"]["prompt_tokens"] == len("<user>u")
    assert usage(helicon, "u", "--max-tokens", "2")["finish_reason"] == "length"
    assert usage(helicon, "u", "--max-tokens", "2")["answer"] == "vw"


def test_system_message(helicon):
    answer = usage(helicon, "--system", "be brief", "y")
    assert answer["answer"] == "z"
    assert answer["usage"]["prompt_tokens"] == len("<system>be brief<user>y")


def test_characters_of_several_tokens(helicon):
    assert helicon("run", "tiny", "你好 🙂 #").succeeds().out == "你😀\n"
    assert usage(helicon, "你好 🙂 #")["usage"]["prompt_tokens"] == len("<user>你好 🙂 #".encode())


def test_figures(helicon):
    result = helicon("run", "tiny", "--verbose", "--seed", "5", "w").succeeds()
    assert result.out == "xyz\n"
    assert result.error.startswith("helicon: prompt 7 tokens (0 cached) in ")
    assert result.error.endswith("seed 5\n")


def test_a_seed_repeats_an_answer(helicon):
    # So hot that every token is about as likely as any other.
    arguments = ["--temperature", "1e6", "--top-k", "0", "--top-p", "1", "--max-tokens", "40", "a"]
    first = usage(helicon, *arguments)
    again = usage(helicon, "--seed", first["seed"], *arguments)
    other = usage(helicon, "--seed", first["seed"] + 1, *arguments)
    assert first["answer"] == again["answer"] != other["answer"]


def test_settings_reach_the_sampler(helicon):
    hot = ["--temperature", "1e6", "--seed", "1", "--max-tokens", "40", "a"]
    for only_the_best in [["--top-k", "1"], ["--top-p", "1e-6"], ["--min-p", "1"]]:
        assert usage(helicon, *only_the_best, *hot)["answer"] == ALPHABET[1:], only_the_best


def test_prompt_that_looks_like_an_option(helicon):
    assert helicon("run", "tiny", "--", "--v").succeeds().out == "wxyz\n"


def test_empty_prompts(helicon):
    helicon("run", "tiny").fails_with("prompt is empty")
    helicon("run", "tiny", "", stdin=" \n").fails_with("prompt is empty")


def test_invalid_utf8(helicon):
    helicon("run", "tiny", b"ab\xff").fails_with("the prompt", "UTF-8", "byte 3")
    helicon("run", "tiny", stdin=b"\xed\xa0\x80").fails_with("the prompt", "UTF-8", "byte 1")
    helicon("run", "tiny", "--system", b"\xc3", "hello").fails_with("--system", "UTF-8")


def test_longer_than_the_context(helicon):
    prompt = "long " * 100
    helicon("run", "tiny", "--context", "256", prompt).fails_with(len("<user>" + prompt), 256)


def test_ctrl_c_ends_a_single_answer(helicon):
    with helicon.terminal("run", "tiny", "--context", "100000", "A") as terminal:
        terminal.expect("BCDEFG")
        terminal.send(CTRL_C)
        assert terminal.exit_code() == -signal.SIGINT


def test_escape_sequences_reach_files_but_no_terminal(helicon):
    """What the model says is data: whole in a pipe, harmless on a terminal."""
    arguments = ["run", "tiny", "--temperature", "1e6", "--top-k", "0", "--top-p", "1", "--seed"]
    for seed in range(20):
        piped = helicon(*arguments, seed, "--max-tokens", "200", "a").bytes
        if b"\x1b" in piped:
            break
    assert b"\x1b" in piped
    with helicon.terminal(*arguments, seed, "--max-tokens", "200", "a") as terminal:
        assert terminal.exit_code() == 0
    _, _, answer = terminal.bytes.partition(b"loading tiny ...\r\x1b[K")
    assert b"\x1b" not in answer
    assert "\u241b" in answer.decode()
