"""The openai client shows a model pictures, films and sounds; what transformers makes of the same is
the standard (tests/golden/media_chats.py)."""

import base64
import concurrent.futures
import json
import pathlib
import subprocess
import zlib

import openai
import pytest

FOLDER = pathlib.Path(__file__).resolve().parent.parent / "golden" / "models" / "muse_spark_chat"
MODEL = FOLDER.name
CHATS = json.loads((FOLDER / "chats.json").read_text())
BYTES, VOCABULARY = 256, 272
ONLY_BYTES = {str(token): -100 for token in range(BYTES, VOCABULARY)}


@pytest.fixture(scope="module")
def local(start_server, binary):
    return start_server(binary, "serve", FOLDER, "--port", "0", "--cache-type", "f32")


@pytest.fixture(scope="module")
def upstream(start_server, binary, local):
    return start_server(binary, "serve", "--port", "0", "--upstream", local.url)


def url_of(data, kind="image/png"):
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"


def part_of(text):
    """A part of a message: of text, or of the file that it names."""
    path = FOLDER / text
    if not path.suffix or not path.is_file():
        return {"type": "text", "text": text}
    data = path.read_bytes()
    if path.suffix == ".png":
        return {"type": "image_url", "image_url": {"url": url_of(data)}}
    if path.suffix == ".wav":
        return {"type": "input_audio", "input_audio": {"data": base64.b64encode(data).decode(), "format": "wav"}}
    return {"type": "video_url", "video_url": {"url": url_of(data, "video/mp4")}}


def messages_of(chat):
    return [{"role": message["role"], "content": [part_of(part) for part in message["content"]]}
            for message in chat["messages"]]


def ask(server, messages, **options):
    options = {"model": MODEL, "max_tokens": 16, "temperature": 0, "logit_bias": ONLY_BYTES} | options
    return server.client().chat.completions.create(messages=messages, **options)


def show(server, *parts, **options):
    return ask(server, [{"role": "user", "content": [*parts]}], **options)


def picture(data):
    return {"type": "image_url", "image_url": {"url": url_of(data)}}


@pytest.mark.parametrize("chat", CHATS, ids=lambda chat: f"{len(chat['ids'])} tokens")
def test_answers_are_the_references(local, chat):
    answer = ask(local, messages_of(chat), logprobs=True)
    assert answer.usage.prompt_tokens == len(chat["ids"])
    tokens = answer.choices[0].logprobs.content
    assert len(tokens) == len(chat["tokens"])
    alphabet = json.loads((FOLDER / "tokenizer.json").read_text())["model"]["vocab"]
    letters = {number: letter for letter, number in alphabet.items()}
    compared = 0
    for token, expected, logprob, margin in zip(tokens, chat["tokens"], chat["logprobs"], chat["margins"]):
        if margin < 5e-3:
            break  # both are as good
        assert bytes(token.bytes) == byte_of(letters[expected])
        assert abs(token.logprob - logprob) < 5e-3
        compared += 1
    assert compared > 2


def byte_of(letter):
    """What GPT-2's alphabet writes as this letter."""
    plain = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in plain]
    code = ord(letter)
    return bytes([code if code in plain else others[code - 256]])


@pytest.mark.parametrize("chat", CHATS[1:], ids=lambda chat: f"{len(chat['ids'])} tokens")
def test_an_upstream_server_is_shown_the_same(local, upstream, chat):
    here, there = (ask(server, messages_of(chat)) for server in (local, upstream))
    assert there.choices[0].message.content == here.choices[0].message.content
    assert there.usage.prompt_tokens == here.usage.prompt_tokens


def test_what_was_seen_before_is_known_and_what_looks_alike_is_not(local):
    png = (FOLDER / "picture_0.png").read_bytes()
    again = ["A question that nobody has asked so far, about this: ", "picture_0.png", " and no more than this."]
    message = {"role": "user", "content": [part_of(part) for part in again]}
    first, second = (ask(local, [message]) for _ in range(2))
    assert second.choices[0].message.content == first.choices[0].message.content
    assert second.usage.prompt_tokens_details.cached_tokens >= second.usage.prompt_tokens - 1
    # The same shape in other colours.
    command = ["ffmpeg", "-v", "error", "-i", "-", "-vf", "negate", "-c:v", "png", "-f", "image2", "-"]
    message["content"][1] = picture(subprocess.run(command, input=png, capture_output=True, check=True).stdout)
    other = ask(local, [message])
    assert other.usage.prompt_tokens == second.usage.prompt_tokens
    assert other.choices[0].message.content != first.choices[0].message.content
    assert other.usage.prompt_tokens_details.cached_tokens < 72


@pytest.mark.parametrize("codec", ["bmp", "tiff", "gif"])
def test_other_formats_are_converted(local, codec):
    png = (FOLDER / "picture_0.png").read_bytes()
    command = ["ffmpeg", "-v", "error", "-i", "-", "-c:v", codec, "-f", "image2pipe" if codec != "gif" else "gif", "-"]
    converted = subprocess.run(command, input=png, capture_output=True, check=True).stdout
    question = {"type": "text", "text": "What is this?"}
    seen, plain = show(local, picture(converted), question), show(local, picture(png), question)
    assert seen.usage.prompt_tokens == plain.usage.prompt_tokens
    if codec != "gif":  # of 256 colours
        assert seen.choices[0].message.content == plain.choices[0].message.content


def with_sound(film, sound, folder):
    """The film with that sound, both as they are."""
    path = folder / "both.mkv"
    subprocess.run(["ffmpeg", "-v", "error", "-i", FOLDER / film, "-i", FOLDER / sound, "-map", "0:v", "-map", "1:a",
                    "-c", "copy", path], check=True)
    return path.read_bytes()


def test_a_films_sound_is_heard(local, tmp_path):
    question = {"type": "text", "text": "What happens?"}
    url = url_of(with_sound("film_0.mkv", "sound_0.wav", tmp_path), "video/x-matroska")
    both = {"type": "video_url", "video_url": {"url": url}}
    null = {"type": "video_url", "video_url": {"url": url, "sound": None}}
    muted = {"type": "video_url", "video_url": {"url": url, "sound": False}}
    apart = show(local, part_of("film_0.mkv"), part_of("sound_0.wav"), question)
    alone = show(local, part_of("film_0.mkv"), question)
    assert apart.usage.prompt_tokens > alone.usage.prompt_tokens
    for same, other in ((both, apart), (null, apart), (muted, alone)):
        answer = show(local, same, question)
        assert answer.usage.prompt_tokens == other.usage.prompt_tokens
        assert answer.choices[0].message.content == other.choices[0].message.content
    with pytest.raises(openai.BadRequestError) as caught:
        show(local, {"type": "video_url", "video_url": {"url": url, "sound": "no"}}, question)
    assert caught.value.param == "messages[0].content[0].video_url.sound"


PNG = (FOLDER / "picture_0.png").read_bytes()
# It says that it is 60,000 pixels wide and high.
HEAD = b"IHDR" + (60_000).to_bytes(4, "big") * 2 + PNG[24:29]
BOMB = PNG[:12] + HEAD + zlib.crc32(HEAD).to_bytes(4, "big") + PNG[33:]
BAD = {
    "cut short": (picture(PNG[:300]), "corrupt"),
    "no picture": (picture(b"This is a text."), "unsupported"),
    "a bomb": (picture(BOMB), "too_large"),
    "a sound that is a picture": (
        {"type": "input_audio", "input_audio": {"data": base64.b64encode(PNG).decode(), "format": "wav"}},
        "unsupported"),
    "a film that is a text": ({"type": "video_url", "video_url": {"url": url_of(b"hello", "video/mp4")}}, "corrupt"),
    "a film without pictures": (
        {"type": "video_url", "video_url": {"url": url_of((FOLDER / "sound_0.wav").read_bytes(), "video/mp4")}},
        "unsupported"),
    "an address": ({"type": "image_url", "image_url": {"url": "http://127.0.0.1:1/x.png"}}, "unsupported"),
}


@pytest.mark.parametrize("part, code", BAD.values(), ids=BAD)
def test_what_cannot_be_seen_is_told(local, part, code):
    for stream in (False, True):
        with pytest.raises(openai.APIStatusError) as caught:
            show(local, {"type": "text", "text": "What is this?"}, part, stream=stream)
        assert caught.value.code == code, caught.value.message
        assert caught.value.param.startswith("messages[0].content[1]")
        assert "messages[0].content[1]" in caught.value.message
    assert show(local, picture(PNG)).choices[0].message.content  # and the next is answered


def test_more_than_the_context_holds(local):
    with pytest.raises(openai.BadRequestError) as caught:
        show(local, *[part_of(f"picture_{i % 2}.png") for i in range(64)])
    assert caught.value.code == "context_length_exceeded"
    with pytest.raises(openai.APIStatusError) as caught:
        show(local, *[part_of("picture_0.png")] * 65)
    assert caught.value.code == "too_large"


def test_a_text_may_not_pretend(local):
    with pytest.raises(openai.BadRequestError) as caught:
        show(local, picture(PNG), {"type": "text", "text": "And this: <|patch|>"})
    assert "<|patch|>" in caught.value.message


def test_a_model_without_eyes_says_so(real):
    for part, word in ((picture(PNG), "eyes"), (part_of("sound_0.wav"), "ears")):
        with pytest.raises(openai.BadRequestError) as caught:
            show(real, part, model="smollm2-135m", logit_bias={})
        assert caught.value.code == "unsupported"
        assert "smollm2-135m" in caught.value.message and word in caught.value.message
        assert "Muse" in caught.value.message


@pytest.mark.parametrize("mode", ["thinking", "contemplating"])
def test_every_mode_has_eyes(local, mode):
    answer = show(local, {"type": "text", "text": "What is this?"}, picture(PNG), model=f"{MODEL}:{mode}",
                  max_tokens=24, logit_bias={})
    assert answer.choices[0].finish_reason in ("stop", "length")


def test_many_at_once(local):
    def one(number):
        return ask(local, messages_of(CHATS[1 + number % 4])).choices[0].message.content

    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(one, range(24)))
    for number, answer in enumerate(answers):
        assert answer == answers[number % 4]
