"""Files that are no model, or not one for this engine: one line that says so, and nothing else."""

import os

import gguf
import numpy as np
import pytest
import tiny_model

EVERY_VERB = [("run", "--", "hello"), ("show",), ("tokenize", "hello")]


def opens_nothing(helicon, path, *words):
    """No verb opens it, and each says why."""
    for verb, *rest in EVERY_VERB:
        helicon(verb, path, *rest).fails_with(*words)


def test_missing_file(helicon, tmp_path):
    opens_nothing(helicon, tmp_path / "none.gguf", "none.gguf")


def test_folder(helicon, tmp_path):
    opens_nothing(helicon, tmp_path, tmp_path, "folder")


def test_unreadable_things(helicon, tmp_path):
    fifo = tmp_path / "fifo.gguf"
    os.mkfifo(fifo)
    opens_nothing(helicon, fifo, "fifo.gguf")


@pytest.mark.parametrize("content", [b"", b"G", b"GGUF", b"GGUF\x03\0\0\0", b"text\n" * 1000,
                                     b"\0" * 4096, b"PK\x03\x04" + b"\0" * 100])
def test_not_a_model(helicon, tmp_path, content):
    path = tmp_path / "other.gguf"
    path.write_bytes(content)
    opens_nothing(helicon, path, "other.gguf")


@pytest.mark.parametrize("share", [0.01, 0.1, 0.5, 0.9, 0.999])
def test_truncated(helicon, tmp_path, tiny, share):
    whole = tiny.read_bytes()
    path = tmp_path / "cut.gguf"
    path.write_bytes(whole[: int(len(whole) * share)])
    opens_nothing(helicon, path, "cut.gguf")


def test_lying_counts(helicon, tmp_path, tiny):
    whole = tiny.read_bytes()
    for offset, name in [(8, "tensors.gguf"), (16, "keys.gguf")]:  # the header's two counts
        for count in [2**32, 2**63, 2**64 - 1]:
            path = tmp_path / name
            path.write_bytes(whole[:offset] + count.to_bytes(8, "little") + whole[offset + 8 :])
            opens_nothing(helicon, path, name)


def cannot_run(helicon, path, *words):
    helicon("run", path, "hello").fails_with(*words)


def test_unknown_architecture(helicon, tmp_path):
    path = tiny_model.write(tmp_path / "odd.gguf", architecture="perceptron")
    cannot_run(helicon, path, "odd.gguf", "perceptron")
    assert "perceptron" in helicon("show", path).succeeds().out


def test_unknown_tokenizer(helicon, tmp_path):
    path = tiny_model.write(tmp_path / "odd.gguf", pre="tea-leaves")
    cannot_run(helicon, path, "odd.gguf", "tea-leaves")
    helicon("tokenize", path, "hello").fails_with("odd.gguf", "tea-leaves")


def test_unknown_type(helicon, tmp_path):
    path = tmp_path / "odd.gguf"
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_tensor("token_embd.weight", np.zeros((4, 250), dtype=np.uint8),
                      raw_dtype=gguf.GGMLQuantizationType.IQ1_S)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    opens_nothing(helicon, path, "odd.gguf", "token_embd.weight")


def test_missing_tensor(helicon, tmp_path):
    for name in ["token_embd.weight", "blk.0.attn_q.weight", "output_norm.weight"]:
        path = tiny_model.write(tmp_path / "lacking.gguf", drop=[name])
        cannot_run(helicon, path, "lacking.gguf", name)


def test_wrong_shape(helicon, tmp_path):
    name = "blk.0.ffn_down.weight"
    path = tiny_model.write(tmp_path / "bent.gguf", reshape={name: (320, 64)})
    cannot_run(helicon, path, "bent.gguf", name, 64, 32)


def test_base_model(helicon, tmp_path):
    path = tiny_model.write(tmp_path / "base.gguf", template=None)
    cannot_run(helicon, path, "base", "chat template")
    helicon("template", path, "--input", "-", stdin="{}").fails_with("base", "no chat template")
    helicon("show", path, "--template").fails_with("base", "no chat template")
    assert "base model" in helicon("show", path).succeeds().out


def test_template_that_does_not_compile(helicon, tmp_path):
    path = tiny_model.write(tmp_path / "broken.gguf", template="{% for %}")
    cannot_run(helicon, path, "broken.gguf", "template")


def test_template_that_raises(helicon, tmp_path):
    path = tiny_model.write(tmp_path / "strict.gguf", template="{{ raise_exception('not you') }}")
    cannot_run(helicon, path, "not you")


def test_would_not_fit(helicon, tmp_path):
    """512 GB of keys and values: refused before anything is loaded, with the numbers."""
    path = tiny_model.write(tmp_path / "vast.gguf", context=2**24, key_value_heads=32,
                            heads=32, head_size=256)
    helicon("run", path, "--context", 2**24, "hello").fails_with("vast.gguf", "GB")
    assert helicon("run", path, "--context", 64, "w").succeeds().out == "xyz\n"


def test_context_longer_than_the_model_has(helicon, tiny):
    helicon("run", tiny, "--context", 200000, "hello").fails_with(200000, 131072)
