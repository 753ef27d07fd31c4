"""Requests of chance: sizes, sharing, streaming, hanging up, and such as are wrong."""
import dataclasses
import json

WORDS = ("the sea wind stone river light old house green road small bird time water long night day hand "
         "fire tree city year friend letter song story morning winter bread glass door window mountain "
         "island boat music paper table cloud rain snow field horse king queen").split()
MODEL = "smollm2-135m"
LONGEST = 1400  # words, about as many tokens


@dataclasses.dataclass
class Question:
    """A request, and what the client will do with it."""
    body: bytes
    kind: str                 # reference, fresh, wrong
    reference: int = -1       # which
    hang_up: int | None = None
    choices: int = 1


def words(random, count):
    return " ".join(random.choice(WORDS) for _ in range(count))


def _log_uniform(random, most, shape):
    """Between 1 and `most`, small ones far more often: the exponent is uniform to the power `shape`."""
    return max(1, round(most ** (random.random() ** shape)))


class Chance:
    """All requests of a run, from one seed."""

    def __init__(self, random, references):
        self.random = random
        self.documents = [words(random, LONGEST) for _ in range(8)]
        self.references = [self._fields() for _ in range(references)]

    def _content(self):
        count = _log_uniform(self.random, LONGEST, 2.0)
        if self.random.random() < 0.6:  # a beginning that others have too
            document = self.random.choice(self.documents).split()
            shared = self.random.choice([count, count * 3 // 4, count // 2])
            return " ".join(document[:shared]) + " " + words(self.random, max(1, count - shared))
        return words(self.random, count)

    def _fields(self):
        fields = {"model": MODEL, "messages": [{"role": "user", "content": self._content()}],
                  "max_tokens": _log_uniform(self.random, 64, 1.2),
                  "n": self.random.choice([1, 1, 1, 1, 1, 2, 3, 4]),
                  "user": f"user-{self.random.randrange(12)}"}
        if self.random.random() < 0.5:
            return fields | {"temperature": 0}
        # As certain as temperature 0: draws are a function of seed, choice and position.
        return fields | {"temperature": 1, "seed": self.random.randrange(1 << 31)}

    def question(self):
        chance = self.random.random()
        if chance < 0.04:
            return Question(self._wrong(), "wrong")
        if chance < 0.40:
            index = self.random.randrange(len(self.references))
            fields, kind = self.references[index], "reference"
        else:
            index, fields, kind = -1, self._fields(), "fresh"
            if self.random.random() < 0.5:
                fields.pop("seed", None)
        question = Question(b"", kind, index, choices=fields["n"])
        if self.random.random() < 0.5:
            fields = fields | {"stream": True, "stream_options": {"include_usage": True}}
        if self.random.random() < 0.12:
            question.hang_up = self.random.choice([0, 1, 100, 600, 1500, 4000])
        question.body = json.dumps(fields).encode()
        return question

    def _wrong(self):
        fields = self._fields()
        body = json.dumps(fields).encode()
        return self.random.choice([
            body[:self.random.randrange(len(body))],
            body.replace(b'"messages"', b'"massages"'),
            b"\xff" + body,
            b"[" * 2000,
            json.dumps(fields | {"temperature": "hot"}).encode(),
            json.dumps(fields | {"n": 1000}).encode(),
            json.dumps(fields | {"model": "nobody"}).encode(),
            json.dumps(fields | {"messages": []}).encode(),
            json.dumps(fields | {"max_tokens": 1_000_000}).encode(),
        ])
