#!/usr/bin/env python3
"""Writes utf8_steps.txt: what Python's incremental UTF-8 decoder says after each byte.

    python3 tests/golden/utf8_steps.py > tests/golden/utf8_steps.txt

A line holds the bytes, and after each of them and at the end what came out, in hexadecimal UTF-8.
src/text/detokenizer_test.cc holds our Detokenizer against it.
"""

import codecs

from tokens_corpus import Random

# The first and last byte of every row and column of the table of well-formed sequences.
EDGES = [0x00, 0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1, 0xEC, 0xED, 0xEE,
         0xEF, 0xF0, 0xF1, 0xF3, 0xF4, 0xF5, 0xFF]


def steps(sequence):
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    for byte in sequence:
        text = decoder.decode(bytes([byte]))
        waiting, _ = decoder.getstate()
        # Python waits for the third byte of a surrogate, which its "surrogatepass" would accept.
        # It is certain already that both bytes are replaced.
        if len(waiting) == 2 and waiting[0] == 0xED and waiting[1] >= 0xA0:
            text += decoder.decode(b"", final=True)
            decoder.reset()
        yield text
    yield decoder.decode(b"", final=True)


def main():
    random = Random(31)
    sequences = [[a] for a in range(256)] + [[a, b] for a in EDGES for b in EDGES]
    for _ in range(700):
        sequences.append([random.choice(EDGES) for _ in range(3 + random.below(6))])
    for sequence in sequences:
        print(bytes(sequence).hex(), ",".join(step.encode().hex() for step in steps(sequence)))


if __name__ == "__main__":
    main()
