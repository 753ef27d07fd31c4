"""tokenize and template: what other programs measure this one with."""

import json

import pytest
import tiny_model

END = tiny_model.tokens().index(tiny_model.END)


def ids(text):
    """The tiny model's tokens are bytes, but for one merge."""
    return list(text.encode() if isinstance(text, str) else text)


def test_tokenize_a_text(helicon):
    assert helicon("tokenize", "tiny", "Hi 你好 🙂").succeeds().out == (
        json.dumps(ids("Hi 你好 🙂")) + "\n")
    assert json.loads(helicon("tokenize", "tiny", "ZZZ").out) == [END + 1, ord("Z")]
    assert helicon("tokenize", "tiny", "").succeeds().out == "[]\n"
    assert json.loads(helicon("tokenize", "tiny", "--", "-x").out) == ids("-x")


def test_tokenize_lines(helicon):
    texts = ["", "two\nlines", "\u0000 \u0085 \U0010ffff 你", tiny_model.END, '"quoted" \\']
    for ascii_only in [True, False]:
        lines = "".join(json.dumps(text, ensure_ascii=ascii_only) + "\n" for text in texts)
        got = helicon("tokenize", "tiny", stdin=lines).succeeds().out.splitlines()
        assert [json.loads(line) for line in got] == [ids(text) for text in texts]


def test_tokenize_specials_only_when_told(helicon):
    text = f"a{tiny_model.END}b"
    assert json.loads(helicon("tokenize", "tiny", text).out) == ids(text)
    assert json.loads(helicon("tokenize", "tiny", "--special", text).out) == (
        ids("a") + [END] + ids("b"))


def test_tokenize_broken_utf8(helicon):
    """Broken text has tokens too; JSON carries it as raw bytes."""
    assert json.loads(helicon("tokenize", "tiny", b"a\xff\xc3").out) == ids(b"a\xff\xc3")
    assert json.loads(helicon("tokenize", "tiny", stdin=b'"a\xff\xc3"\n').out) == ids(b"a\xff\xc3")


@pytest.mark.parametrize("line", ["17", "[\"a\"]", "\"open", "", "bare", '"a" "b"', '"\\ud800"'])
def test_tokenize_other_lines(helicon, line):
    result = helicon("tokenize", "tiny", stdin=f'"good"\n{line}\n"never"\n')
    result.fails_with("standard input, line 2:")
    assert result.out == json.dumps(ids("good")) + "\n"


@pytest.fixture
def render(helicon, tmp_path):
    """Runs `template` on a model or on template source, with variables or raw JSON."""

    def run(variables, source=None, model="tiny"):
        given = tmp_path / "given.json"
        given.write_text(variables if isinstance(variables, str) else json.dumps(variables))
        if source is not None:
            model = tmp_path / "source.jinja"
            model.write_text(source)
        return helicon("template", model, "--input", given)

    return run


def test_template_of_a_model(render):
    messages = [{"role": "system", "content": "s"}, {"role": "user", "content": "你好\n"}]
    assert render({"messages": messages}).succeeds().out == "<system>s<user>你好\n"


def test_template_source(render):
    source = "{% for m in messages %}{{ m.content | upper }}{% endfor %}{{ extra.a[1] }}"
    variables = {"messages": [{"role": "user", "content": "hi "}], "extra": {"a": [1, 2.5]}}
    assert render(variables, source).succeeds().out == "HI 2.5"


def test_template_gets_what_it_is_given_and_no_more(render):
    source = "{{ tools is defined }} {{ add_generation_prompt }} {{ bos_token is defined }}"
    assert render({"add_generation_prompt": True}, source).out == "False True False"
    assert render({"tools": None, "bos_token": ""}, source).out == "True  True"


def test_template_tokens_come_from_the_model(helicon, tmp_path, render):
    model = tiny_model.write(tmp_path / "tokens.gguf",
                             template="{{ bos_token }}|{{ eos_token }}|{{ messages }}")
    assert render({"messages": []}, model=model).succeeds().out == (
        f"{tiny_model.END}|{tiny_model.END}|[]")
    given = {"messages": [], "bos_token": "<given>"}
    assert render(given, model=model).out == f"<given>|{tiny_model.END}|[]"


def test_template_from_standard_input(helicon):
    given = json.dumps({"messages": [{"role": "user", "content": "piped"}]})
    assert helicon("template", "tiny", "--input", "-", stdin=given).out == "<user>piped"
    helicon("template", "tiny", "--input", "-", stdin="{").fails_with("standard input")


@pytest.mark.parametrize("given", ["", "{", '{"messages": [}', '{"a": 1} x', '"text"', "[]"])
def test_template_of_bad_json(render, given):
    render(given).fails_with("given.json")


def test_template_of_bad_utf8(helicon, tmp_path):
    given = tmp_path / "given.json"
    given.write_bytes(b'{"messages": [{"role": "user", "content": "\xff"}]}')
    helicon("template", "tiny", "--input", given).fails_with("given.json")


def test_template_that_raises(render):
    source = "one\n{{ raise_exception('roles must alternate') }}"
    result = render({"messages": []}, source).fails_with("source.jinja", "roles must alternate")
    assert result.out == ""


def test_template_that_loops(render):
    nested = "{% for a in range(100000) %}{% for b in range(100000) %}x{% endfor %}{% endfor %}"
    render({}, nested).fails_with("source.jinja")
    render({}, "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}").fails_with("source.jinja")


@pytest.mark.parametrize("source", ["{% if %}", "{{ 1 +", "{% for x in y %}", "{% endfor %}"])
def test_template_that_does_not_parse(render, source):
    render({}, source).fails_with("source.jinja", "1")


def test_missing_files(helicon, tmp_path):
    helicon("template", "tiny", "--input", tmp_path / "no.json").fails_with(
        "no.json", "No such file or directory")
    helicon("template", tmp_path / "no.jinja", "--input", "-", stdin="{}").fails_with(
        "no.jinja", "No such file or directory")
    helicon("template", "tiny", "--input", tmp_path).fails_with(tmp_path, "Is a directory")


@pytest.mark.parametrize("tokens", ["", ",", "1,,2", "1,", "0x10", "1 2", "99999999999"])
def test_logits_of_a_list_that_is_none(helicon, tmp_path, tokens):
    out = tmp_path / "out.npy"
    helicon("logits", "tiny", "--tokens", tokens, "--out", out).fails_with("--tokens")
    assert not out.exists()
