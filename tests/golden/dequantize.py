#!/usr/bin/env python3
"""Writes dequantize.txt: random blocks of every element type, and what the package `gguf` makes of them.

    python3 tests/golden/dequantize.py > tests/golden/dequantize.txt      (gguf 0.19.0)

Each line is "decode TYPE BYTES FLOATS" or "encode TYPE FLOATS BYTES", in hexadecimal, little-endian.
src/tensor/element_type_test.cc holds our code against them, bit for bit.
"""

import numpy as np
from gguf import GGML_QUANT_SIZES, GGMLQuantizationType
from gguf.quants import dequantize, quantize

# Where the 16-bit scales lie in a block.
SCALE_OFFSETS = {
    "F32": [], "F16": [], "BF16": [],
    "Q4_0": [0], "Q4_1": [0, 2], "Q5_0": [0], "Q5_1": [0, 2], "Q8_0": [0],
    "Q2_K": [80, 82], "Q3_K": [108], "Q4_K": [0, 2], "Q5_K": [0, 2], "Q6_K": [208],
}

# As bits of a half: -3.14, 1/32, zero, the largest and the smallest subnormal, the largest number,
# minus zero, infinity. Small blocks begin with each of them, large ones with every third; a second
# scale is the next in the list.
SCALES = [0xC248, 0x2800, 0x0000, 0x83FF, 0x0001, 0x7BFF, 0x8000, 0x7C00]

# Zeros, ones, a denormal, halves that tie when rounded to 16 bits, the edges of the half's range.
FLOATS = [0.0, -0.0, 1.0, -1.5, 1e-45, 3.4028235e38, np.inf, -np.inf,
          1 + 2**-11, 1 + 3 * 2**-11, 1 + 2**-11 + 2**-23, 65504.0, 65519.99, 65520.0, -65536.0,
          2**-14, 2**-14 - 2**-25, 2**-24, 2**-25, 2**-25 * 1.0001, 3 * 2**-25, 2**-26, 6e-5, -3e-6,
          1 + 2**-8, 1 + 3 * 2**-8, 1 + 2**-8 + 2**-23, 3.3961775e38, 1.1754942e-38, 0.1, -1e4, 3.14]


def blocks_of(name: str, random: np.random.Generator) -> list[np.ndarray]:
    size = GGML_QUANT_SIZES[GGMLQuantizationType[name]][1]
    if not SCALE_OFFSETS[name]:
        return [random.integers(0, 256, 64 * size, np.uint8)]
    blocks = []
    for first in range(0, len(SCALES), 3 if size > 40 else 1):
        block = random.integers(0, 256, size, np.uint8)
        for i, offset in enumerate(SCALE_OFFSETS[name]):
            scale = SCALES[(first + i) % len(SCALES)]
            block[offset : offset + 2] = np.array([scale], "<u2").view(np.uint8)
        blocks.append(block)
    return blocks


def main() -> None:
    random = np.random.default_rng(20261123)
    for name in SCALE_OFFSETS:
        for block in blocks_of(name, random):
            with np.errstate(all="ignore"):
                values = dequantize(block, GGMLQuantizationType[name]).astype("<f4", copy=False)
            print("decode", name, block.tobytes().hex(), values.tobytes().hex())
    floats = np.array(FLOATS, "<f4")
    floats = np.concatenate([floats, random.standard_normal(32).astype("<f4")])
    for name in ("F16", "BF16"):
        with np.errstate(all="ignore"):
            encoded = quantize(floats, GGMLQuantizationType[name])
        print("encode", name, floats.tobytes().hex(), encoded.tobytes().hex())


if __name__ == "__main__":
    main()
