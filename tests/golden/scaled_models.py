"""Makes the models of tests/golden/models whose matrices have 8 and 4 bits, and scales of their own.

Needs what models.py does, and pip install compressed-tensors==0.20.0. What the numbers stand for is
said by transformers ("fp8") and by compressed-tensors; ModelOpt's files hold the same numbers under
other names, and the last scale multiplied with instead of divided by (its format: two E2M1 numbers a
byte, the first in the low half; value = E2M1 * E4M3 * FP32). The expected logits are those of a model
of these numbers in 32-bit floats. src/models/golden_test.cc compares.
"""

import json
import pathlib
import shutil
import sys
import tempfile
import zlib

import torch
from compressed_tensors.compressors.naive_quantized.base import FloatQuantizationCompressor
from compressed_tensors.compressors.nvfp4.base import NVFP4PackedCompressor
from compressed_tensors.quantization import QuantizationArgs, QuantizationScheme
from models import FOLDER, muse_spark, qwen3, qwen3_moe, spread_qwen3, spread_qwen3_moe, spread_spark
from models import write_expected, write_model
from safetensors.torch import load_file, save_file
from transformers.integrations.finegrained_fp8 import _dequantize_fp8_weight

BLOCK = 16
HUGE = 448.0  # of E4M3
ROPE = {"rope_type": "default", "rope_theta": 5000.0}


def tiles(weight, scale_type=torch.float32):
    """FP8 in tiles of 16 by 16, the last ones cut short: transformers' "fp8"."""
    rows, columns = weight.shape[-2:]
    down, across = -(-rows // BLOCK), -(-columns // BLOCK)
    padded = torch.zeros(*weight.shape[:-2], down * BLOCK, across * BLOCK)
    padded[..., :rows, :columns] = weight
    grid = padded.unflatten(-2, (down, BLOCK)).unflatten(-1, (across, BLOCK))
    scale = (grid.abs().amax(dim=(-3, -1)) / HUGE).to(scale_type).float()
    wide = scale.repeat_interleave(BLOCK, -2).repeat_interleave(BLOCK, -1)[..., :rows, :columns]
    eight = (weight / wide).to(torch.float8_e4m3fn)
    return eight, scale, _dequantize_fp8_weight(eight, scale, [BLOCK, BLOCK], torch.float32)


def with_tiles(name, weight):
    eight, scale, value = tiles(weight)
    return {name: eight, name + "_scale_inv": scale}, value


def with_rows(name, weight):
    """FP8 with a scale for each row, as compressed-tensors writes it."""
    scheme = QuantizationScheme(targets=["Linear"], weights=QuantizationArgs(
        num_bits=8, type="float", strategy="channel", symmetric=True))
    scale = (weight.abs().amax(dim=1, keepdim=True) / HUGE).to(torch.bfloat16)
    state = FloatQuantizationCompressor.compress({"weight": weight.to(torch.bfloat16), "weight_scale": scale}, scheme)
    wide = state | {"weight_scale": scale.float()}
    value = FloatQuantizationCompressor.decompress(wide, scheme)["weight"]
    return {name: state["weight"], name + "_scale": scale}, value.float()


def with_one(name, weight):
    """FP8 with one scale for all, as ModelOpt writes it."""
    scale = weight.abs().max() / HUGE
    eight = (weight / scale).to(torch.float8_e4m3fn)
    return {name: eight, name + "_scale": scale, name.replace("weight", "input_scale"): torch.tensor(0.1)}, \
        eight.float() * scale


def four_bits(weight):
    scheme = QuantizationScheme(targets=["Linear"], weights=QuantizationArgs(
        num_bits=4, type="float", strategy="tensor_group", group_size=16, symmetric=True))
    overall = HUGE * 6 / weight.abs().max().reshape(1)
    peaks = weight.unflatten(1, (-1, 16)).abs().amax(-1)
    scale = (peaks / 6 * overall).to(torch.float8_e4m3fn)
    state = NVFP4PackedCompressor.compress(
        {"weight": weight, "weight_scale": scale.float(), "weight_global_scale": overall}, scheme)
    values = NVFP4PackedCompressor.decompress(state, scheme)["weight"]
    # It decodes to 16 bits; with the same numbers in 32:
    exact = values.float()
    lut = torch.tensor([0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0])
    low, high = state["weight_packed"] & 15, state["weight_packed"] >> 4
    pairs = torch.stack([low, high], -1).flatten(1).long()
    signed = torch.where(pairs >= 8, -lut[pairs % 8], lut[pairs % 8])
    value = signed * (scale.float() / overall).repeat_interleave(16, 1)
    assert torch.allclose(value, exact, rtol=2 ** -7, atol=1e-30), (value - exact).abs().max()
    return state["weight_packed"], scale, overall, value


def with_four_bits(name, weight):
    packed, scale, overall, value = four_bits(weight)
    return {name + "_packed": packed, name + "_scale": scale, name + "_global_scale": overall}, value


def with_four_bits_of_modelopt(name, weight):
    packed, scale, overall, value = four_bits(weight)
    return {name: packed, name + "_scale": scale, name + "_scale_2": 1 / overall[0]}, value


FP8 = {"quant_method": "fp8", "weight_block_size": [BLOCK, BLOCK], "activation_scheme": "dynamic"}
# name: (model, spread, how a matrix is written, quantization_config)
MODELS = {
    "qwen3_fp8": (
        lambda: qwen3(hidden_size=40, intermediate_size=56, num_hidden_layers=2, num_attention_heads=4,
                      num_key_value_heads=2, head_dim=16, rope_parameters=ROPE),
        spread_qwen3, with_tiles, FP8),
    "qwen3_fp8_rows": (
        lambda: qwen3(hidden_size=36, intermediate_size=44, num_hidden_layers=2, num_attention_heads=3,
                      num_key_value_heads=3, head_dim=8, rope_parameters=ROPE),
        spread_qwen3, with_rows, {"quant_method": "compressed-tensors", "format": "float-quantized"}),
    "qwen3_moe_fp8": (
        lambda: qwen3_moe(hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4,
                          num_key_value_heads=2, head_dim=16, moe_intermediate_size=24, num_experts=5,
                          num_experts_per_tok=2, rope_parameters=ROPE),
        spread_qwen3_moe, with_one, {"quant_method": "modelopt", "quant_algo": "FP8"}),
    "qwen3_nvfp4": (
        lambda: qwen3(hidden_size=48, intermediate_size=80, num_hidden_layers=2, num_attention_heads=4,
                      num_key_value_heads=2, head_dim=16, rope_parameters=ROPE),
        spread_qwen3, with_four_bits, {"quant_method": "compressed-tensors", "format": "nvfp4-pack-quantized"}),
    "qwen3_moe_nvfp4": (
        lambda: qwen3_moe(hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4,
                          num_key_value_heads=2, head_dim=16, moe_intermediate_size=16, num_experts=5,
                          num_experts_per_tok=2, norm_topk_prob=True, rope_parameters=ROPE),
        spread_qwen3_moe, with_four_bits_of_modelopt, {"quant_method": "modelopt", "quant_algo": "NVFP4"}),
    "muse_spark_fp8": (
        lambda: muse_spark(hidden_size=32, intermediate_size=48, num_hidden_layers=3, num_attention_heads=2,
                           num_key_value_heads=1, head_dim=16, moe_intermediate_size=16, num_local_experts=5,
                           num_experts_per_tok=2, moe_hidden_size=16),
        spread_spark, with_tiles, FP8),
}


def is_quantized(name, tensor):
    left = ("embed", "lm_head", "norm", "mlp.gate.weight", "vision", "audio", "projector", "position")
    return tensor.dim() >= 2 and not any(word in name for word in left)


def main():
    torch.set_num_threads(1)
    names = sys.argv[1:] or list(MODELS)
    for name in names:
        model, spread, write, said = MODELS[name]
        folder = FOLDER / name
        shutil.rmtree(folder, ignore_errors=True)
        number = zlib.crc32(name.encode())
        write_model(folder, number, (model, spread, torch.float32, None, (), {}))
        written, values, count = {}, {}, 0
        for key, tensor in load_file(folder / "model.safetensors").items():
            written[key] = values[key] = tensor
            if is_quantized(key, tensor):
                del written[key]
                stored, values[key] = write(key, tensor)
                written |= stored
                count += 1
        with tempfile.TemporaryDirectory() as there:
            plain = pathlib.Path(there) / name
            shutil.copytree(folder, plain)
            save_file({key: one.contiguous() for key, one in values.items()}, plain / "model.safetensors",
                      metadata={"format": "pt"})
            write_expected(plain, number)
            for file in ("logits.npy", "expected.json"):
                shutil.copy(plain / file, folder / file)
        save_file({key: one.contiguous() for key, one in written.items()}, folder / "model.safetensors",
                  metadata={"format": "pt"})
        path = folder / "config.json"
        config = json.loads(path.read_text()) | {"quantization_config": said}
        path.write_text(json.dumps(config, indent=2) + "\n")
        print(f"{name}: {count} matrices")


if __name__ == "__main__":
    main()
