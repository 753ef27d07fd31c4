"""Models as folders of config.json, safetensors and tokenizer.json; pictures and sounds among tokens."""

import array
import json
import math
import os
import pathlib
import random
import shutil
import struct

import pytest

GOLDEN = pathlib.Path(__file__).resolve().parent.parent / "golden"


def read_npy(path):
    """The float32 numbers of a .npy file, version 1.0."""
    content = path.read_bytes()
    start = 10 + struct.unpack("<H", content[8:10])[0]
    return array.array("f", content[start:])


def write_safetensors(path, shapes):
    """Random weights, around 1 for norms and 0 for matrices."""
    generator = random.Random(1)
    header, data = {}, array.array("f")
    for name, shape in shapes.items():
        count, mean = math.prod(shape), 1.0 if "norm" in name else 0.0
        begin = 4 * len(data)
        data.extend(generator.gauss(mean, 0.2) for _ in range(count))
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [begin, 4 * len(data)]}
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data.tobytes())


@pytest.fixture(scope="session")
def qwen3(tmp_path_factory):
    """A Qwen3 of two layers with the golden tokenizer of its family."""
    folder = tmp_path_factory.mktemp("models") / "tiny-qwen3"
    shutil.copytree(GOLDEN / "tokenizers" / "qwen", folder)
    config = json.loads((folder / "config.json").read_text())
    hidden, inner, heads, size = 32, 48, 4, 8
    config |= {"hidden_size": hidden, "intermediate_size": inner, "num_hidden_layers": 2,
               "num_attention_heads": heads, "num_key_value_heads": 2, "head_dim": size,
               "max_position_embeddings": 256, "rms_norm_eps": 1e-6, "tie_word_embeddings": True}
    (folder / "config.json").write_text(json.dumps(config))
    layer = {
        "input_layernorm.weight": [hidden], "post_attention_layernorm.weight": [hidden],
        "self_attn.q_proj.weight": [heads * size, hidden],
        "self_attn.k_proj.weight": [2 * size, hidden],
        "self_attn.v_proj.weight": [2 * size, hidden],
        "self_attn.o_proj.weight": [hidden, heads * size],
        "self_attn.q_norm.weight": [size], "self_attn.k_norm.weight": [size],
        "mlp.gate_proj.weight": [inner, hidden], "mlp.up_proj.weight": [inner, hidden],
        "mlp.down_proj.weight": [hidden, inner],
    }
    layers = {f"model.layers.{i}.{name}": shape for i in range(2) for name, shape in layer.items()}
    write_safetensors(folder / "model.safetensors", {
        "model.embed_tokens.weight": [config["vocab_size"], hidden], "model.norm.weight": [hidden], **layers,
    })
    return folder


def test_a_folder_runs_by_its_path(helicon, qwen3):
    first = helicon("run", qwen3, "--max-tokens", "8", "--seed", "1", "Hello").succeeds()
    assert first.out
    assert helicon("run", qwen3, "--max-tokens", "8", "--seed", "1", "Hello").out == first.out
    shown = helicon("show", qwen3).succeeds().out
    assert "qwen3" in shown and "256 tokens" in shown and "2, 32 wide" in shown


def test_a_folder_runs_by_its_name(helicon, qwen3):
    there = helicon.home / "models" / "by-name"
    shutil.copytree(qwen3, there)
    try:
        assert "by-name" in helicon("ls").succeeds().out
        assert helicon("run", "by-name", "--max-tokens", "4", "Hello").succeeds().out
        helicon("rm", "by-name").fails_with("is a folder", there)
        assert (there / "config.json").exists()
    finally:
        shutil.rmtree(there)


def test_a_folder_becomes_a_file(helicon, qwen3, tmp_path):
    out = tmp_path / "tiny.gguf"
    written = helicon("quantize", qwen3, out, "--type", "f32").succeeds()
    assert written.out.startswith(f"{out} (")
    asked = ["--max-tokens", "8", "--temperature", "0", "--json", "What is it?"]
    answers = [json.loads(helicon("run", model, *asked).succeeds().out) for model in (qwen3, out)]
    assert answers[0]["answer"] == answers[1]["answer"]
    assert answers[0]["usage"]["prompt_tokens"] == answers[1]["usage"]["prompt_tokens"]
    sizes = [out.stat().st_size]
    for kind in ("f16", "q8_0", "q4_k"):
        helicon("quantize", out, tmp_path / f"{kind}.gguf", "--type", kind).succeeds()
        assert helicon("run", tmp_path / f"{kind}.gguf", "--max-tokens", "4", "Hello").succeeds().out
        sizes.append((tmp_path / f"{kind}.gguf").stat().st_size)
    assert sizes[0] > sizes[1] > sizes[2] == sizes[3]  # rows of 32 and 48 are too short for q4_k
    lines = helicon("quantize", out, tmp_path / "q8_0.gguf", "--type", "q8_0", "--json", "--force").succeeds().out
    last = json.loads(lines.splitlines()[-1])
    assert last == {"path": str(tmp_path / "q8_0.gguf"), "type": "q8_0", "bytes": sizes[2], "left_out": 0, "widened": 2}


def test_a_block_drafter_guesses_and_changes_nothing(helicon, qwen3):
    asked = ["--max-tokens", "40", "--temperature", "0", "--json", "What is it?"]
    alone = json.loads(helicon("run", qwen3, *asked).succeeds().out)
    # Its guesses are random: what is checked is that they are taken, and found wrong.
    for mode in ("lookup", "auto", "off"):
        told = helicon("run", qwen3, "--draft", GOLDEN / "assistants" / "narrow", "--speculation", mode, *asked)
        assert json.loads(told.succeeds().out)["answer"] == alone["answer"], mode
    helicon("run", qwen3, "--draft", GOLDEN / "assistants" / "silent", *asked).fails_with(
        "silent", "another model", "24 numbers")
    helicon("run", GOLDEN / "assistants" / "narrow", "Hello").fails_with("narrow", "drafter", "--draft")


def test_what_cannot_become_a_file_says_so(helicon, qwen3, tmp_path):
    out = tmp_path / "tiny.gguf"
    helicon("quantize", qwen3, out, "--type", "q4").fails_with("'q4'", "q4_k")
    helicon("quantize", qwen3, tmp_path, "--type", "f16").fails_with("is a folder")
    helicon("quantize", qwen3, tmp_path / "none" / "x.gguf", "--type", "f16").fails_with("x.gguf", "No such file")
    helicon("quantize", GOLDEN / "models" / "muse_spark_senses", out, "--type", "f16").fails_with("muse_spark")
    assert not list(tmp_path.glob("*.gguf*"))
    helicon("quantize", qwen3, out, "--type", "f16").succeeds()
    before = out.read_bytes()
    helicon("quantize", qwen3, out, "--type", "q8_0").fails_with("is there already", "--force")
    helicon("quantize", out, out, "--type", "q8_0", "--force").fails_with("the model itself")
    assert out.read_bytes() == before
    os.mkfifo(tmp_path / "pipe")
    helicon("quantize", out, tmp_path / "pipe", "--type", "q8_0", "--force").fails_with("no regular file")
    assert (tmp_path / "pipe").is_fifo()
    os.mkfifo(tmp_path / "new.gguf.partial")
    helicon("quantize", out, tmp_path / "new.gguf", "--type", "q8_0").fails_with("new.gguf.partial", "no regular file")
    (tmp_path / "other.gguf.partial").symlink_to(out)
    helicon("quantize", out, tmp_path / "other.gguf", "--type", "q8_0").fails_with("other.gguf.partial", "no regular")
    assert out.read_bytes() == before
    shutil.copytree(qwen3, tmp_path / "folder")
    weights = tmp_path / "folder" / "model.safetensors"
    helicon("quantize", tmp_path / "folder", weights, "--type", "q8_0", "--force").fails_with("of the model itself")
    assert weights.read_bytes() == (qwen3 / "model.safetensors").read_bytes()


def test_a_folder_without_a_tokenizer_says_so(helicon):
    helicon("run", GOLDEN / "models" / "qwen3_full", "Hello").fails_with("qwen3_full", "no tokenizer.json")


@pytest.mark.parametrize("name", ["muse_glimmer_eyes", "muse_spark_senses", "muse_glimmer_film", "muse_spark_film"])
def test_logits_of_media_are_the_references(helicon, tmp_path, name):
    folder = GOLDEN / "models" / name
    tokens = json.loads((folder / "expected.json").read_text())["tokens"]
    kinds = (("--image", "picture_*.png"), ("--audio", "sound_*.wav"), ("--video", "film_*.m*"))
    media = [part for kind, pattern in kinds
             for path in sorted(folder.glob(pattern)) for part in (kind, path)]
    out = tmp_path / "logits.npy"
    helicon("logits", folder, "--tokens", ",".join(map(str, tokens)), *media, "--exact", "--out", out).succeeds()
    expected, found = read_npy(folder / "logits.npy"), read_npy(out)
    assert len(found) == len(expected)
    largest = max(map(abs, expected))
    assert max(abs(a - b) for a, b in zip(expected, found)) <= 2e-4 * largest


def test_media_that_do_not_fit_are_refused(helicon, tmp_path):
    glimmer, out = GOLDEN / "models" / "muse_glimmer_eyes", tmp_path / "logits.npy"
    picture = glimmer / "picture_0.png"

    def logits(model, *arguments):
        return helicon("logits", model, "--tokens", "1,92,92", *arguments, "--out", out)

    logits(glimmer, "--image", picture).fails_with("2 times 92", "picture")
    logits(glimmer, "--image", glimmer / "config.json").fails_with("config.json", "PNG, JPEG and WebP")
    logits(glimmer, "--image", tmp_path / "none.png").fails_with("none.png")
    logits(glimmer, "--video", picture).fails_with("2 times 92", "picture")  # the film is not even opened
    for film, words in ((picture, ("2 times 91", "film")), (glimmer / "config.json", ("config.json", "cannot decode")),
                        (tmp_path / "none.mov", ("none.mov",))):
        helicon("logits", glimmer, "--tokens", "1,91,91", "--video", film, "--out", out).fails_with(*words)
    logits(glimmer, "--audio", picture).fails_with("muse_glimmer", "no ears")
    logits(GOLDEN / "models" / "qwen3_full", "--image", picture).fails_with("qwen3", "no eyes")
    cut = tmp_path / "cut.png"
    cut.write_bytes(picture.read_bytes()[:200])
    logits(glimmer, "--image", cut).fails_with("cut.png", "PNG: ")


def test_one_question_about_what_is_seen_and_heard(helicon):
    folder = GOLDEN / "models" / "muse_spark_chat"
    chat = json.loads((folder / "chats.json").read_text())[1]  # picture_0.png and a question
    question = chat["messages"][0]["content"][1]

    def ask(*arguments):
        result = helicon("run", folder, *arguments, "--json", "--temperature", 0, "--max-tokens", 4, question)
        return json.loads(result.succeeds().out)["usage"]["prompt_tokens"]

    picture, film, sound = ("--image", folder / "picture_0.png"), ("--video", folder / "film_0.mkv"), (
        "--audio", folder / "sound_0.wav")
    assert ask(*picture) == len(chat["ids"])
    text = len(json.loads((folder / "chats.json").read_text())[0]["ids"])
    alone = [ask(*one) - text for one in (picture, film, sound)]
    assert all(count > 5 for count in alone)
    assert ask(*picture, *film, *sound, *sound) - text == sum(alone) + alone[2]
    helicon("run", folder, "--image", folder / "config.json", question).fails_with("config.json", "PNG, JPEG and WebP")
    helicon("run", folder, "--image", folder / "none.png", question).fails_with("none.png")


def test_a_model_without_eyes_sees_nothing(helicon, qwen3):
    picture = GOLDEN / "models" / "muse_spark_chat" / "picture_0.png"
    helicon("run", qwen3, "--image", picture, "Hello").fails_with(qwen3.name, "no eyes", "picture_0.png")
    with helicon.terminal("run", qwen3, "--context", "200") as terminal:
        terminal.expect(">>> ")
        terminal.line(f"/image {picture}")
        terminal.expect("no eyes")
        terminal.expect(">>> ")
    with helicon.terminal("run", picture.parent, "--context", "1000", "--max-tokens", "2") as terminal:
        terminal.expect(">>> ")
        terminal.line(f"/image {picture}")
        terminal.expect("next question")
        terminal.expect(">>> ")
        terminal.line("What is this?")
        terminal.expect(">>> ")
