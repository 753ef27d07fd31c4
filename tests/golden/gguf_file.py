#!/usr/bin/env python3
"""Writes gguf_file.gguf: a small file by the Python package `gguf`, for src/weights/gguf_file_test.cc.

    python3 tests/golden/gguf_file.py tests/golden/gguf_file.gguf         (gguf 0.19.0)
"""

import sys

import numpy as np
from gguf import GGMLQuantizationType, GGUFWriter
from gguf.quants import quantize


def main() -> None:
    writer = GGUFWriter(sys.argv[1], "llama")
    writer.add_custom_alignment(64)
    writer.add_uint8("test.u8", 200)
    writer.add_array("test.signed", [-1, 2, -3])
    writer.add_float64("test.f64", 1e300)
    writer.add_float32("test.f32", 0.25)
    writer.add_bool("test.yes", True)
    writer.add_array("test.words", ["", "été"])
    writer.add_tensor("matrix", np.arange(6, dtype=np.float32).reshape(2, 3))
    rows = np.repeat([[1.0], [2.0], [127.0]], 64, axis=1).astype(np.float32)
    q8_0 = GGMLQuantizationType.Q8_0
    writer.add_tensor("packed", quantize(rows, q8_0), raw_dtype=q8_0)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


if __name__ == "__main__":
    main()
