"""ls, show, rm and pull: the models that are here."""

import json

import tiny_model


def rows(helicon):
    return {row["name"]: row for row in json.loads(helicon("ls", "--json").succeeds().out)}


def test_ls_lists_the_catalog_and_own_files(helicon):
    text = helicon("ls").succeeds().out
    assert text.startswith("NAME ")
    lines = {line.split()[0]: line for line in text.splitlines()}
    assert " no " in lines["smollm2-135m"] and "98 MB" in lines["smollm2-135m"]
    assert " yes " in lines["tiny"]
    table = rows(helicon)
    assert not table["smollm2-135m"]["installed"]
    assert table["smollm2-135m"]["sha256"].startswith("b179c952")
    assert table["tiny"]["installed"]
    assert table["tiny"]["bytes"] == helicon.model.stat().st_size


def test_ls_shows_how_far_a_pull_got(helicon):
    with open(helicon.home / "models" / "smollm2-135m.gguf.partial", "wb") as partial:
        partial.truncate(49_181_216)
    assert rows(helicon)["smollm2-135m"]["partial_bytes"] == 49_181_216
    assert " 50 % " in helicon("ls").out


def test_ls_says_what_is_damaged(helicon):
    whole = helicon.model.read_bytes()
    models = helicon.home / "models"
    (models / "cut.gguf").write_bytes(whole[:-1])
    (models / "smollm2-135m.gguf").write_bytes(whole[: len(whole) // 2])
    (models / "gemma3-270m.gguf").write_bytes(whole)  # somebody's own, under a known name
    tiny_model.write(models / "odd.gguf", architecture="perceptron")  # whole, if of no use here
    damaged = {name for name, row in rows(helicon).items() if row["damaged"]}
    assert damaged == {"cut", "smollm2-135m"}
    text = helicon("ls").out
    assert {line.split()[0] for line in text.splitlines() if " damaged " in line} == damaged
    helicon("pull", "smollm2-135m").fails_with("smollm2-135m.gguf", "damaged",
                                               "`helicon rm smollm2-135m`")


def test_pull_finds_changed_bytes(helicon):
    """A file of the right size, and the wrong content: found by the pull, and then known."""
    path = helicon.home / "models" / "smollm2-135m.gguf"
    size = rows(helicon)["smollm2-135m"]["bytes"]
    with open(path, "wb") as file:
        file.truncate(size)
    for arguments, reads in [([], True), ([], False), (["--verify"], True)]:
        result = helicon("pull", "smollm2-135m", *arguments)
        *progress, error = result.error.splitlines()
        assert result.code == 1 and "SHA-256" in error and "`helicon rm smollm2-135m`" in error
        assert any("checking" in line for line in progress) == reads
    assert rows(helicon)["smollm2-135m"]["damaged"]
    helicon("rm", "smollm2-135m").succeeds()
    assert sorted(p.name for p in path.parent.iterdir()) == ["tiny.gguf"]


def test_show(helicon):
    text = helicon("show", "tiny").succeeds().out
    for fact in ["llama", "F32 99 % (11 tensors), Q8_0 0.63 %", "131072 tokens", "gpt2 (default)",
                 "CC0-1.0", "--template"]:
        assert fact in text, fact
    facts = json.loads(helicon("show", helicon.model, "--json").succeeds().out)
    assert facts["name"] == "tiny"
    assert facts["vocabulary"] == len(tiny_model.tokens())
    packed = tiny_model.FEED_FORWARD * tiny_model.WIDTH
    assert facts["quantisation"] == [
        {"type": "F32", "tensors": 11, "bytes": 4 * (facts["parameters"] - packed)},
        {"type": "Q8_0", "tensors": 1, "bytes": packed // 32 * 34}]
    assert facts["chat_template"] is True
    assert helicon("show", "tiny", "--template").out == tiny_model.TEMPLATE


def test_rm_deletes_by_name_only(helicon, tmp_path):
    own = tmp_path / "own.gguf"
    own.write_bytes(b"mine")
    helicon("rm", own).fails_with("own")
    assert own.exists()
    helicon("rm", "tiny").succeeds()
    assert "tiny" not in rows(helicon)
    assert helicon.model.exists()  # the link is gone, not what it pointed to
    helicon("rm", "tiny").fails_with("'tiny'")


def test_unknown_names_get_the_nearest(helicon):
    for verb in ["show", "pull", "run"]:
        helicon(verb, "smolm2-135m", stdin="hello").fails_with(
            "no model 'smolm2-135m'", "did you mean 'smollm2-135m'?", "`helicon ls`")
    helicon("show", "qwen").fails_with("did you mean 'qwen2.5-coder-1.5b'?")


def test_known_but_not_here(helicon):
    helicon("run", "smollm2-135m", "hello").fails_with("smollm2-135m", "helicon pull smollm2-135m")


def test_nothing_to_pull_it_from(helicon):
    helicon("pull", "muse-spark-open").fails_with("muse-spark-open")
