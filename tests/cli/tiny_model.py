"""A model of a few hundred kilobytes whose answers are known beforehand.

Its only layer adds nothing, so the next token depends on the last one alone: it says the alphabet.
After 'a' comes 'b', after 'z' the end; after 'Z' comes 'A' again, without end; '#' gives "你😀", whose
characters take several tokens. Its template ends with the last message, so that an answer goes on
where the question ends: "…m" is answered with "nopqrstuvwxyz".
"""

import string

import gguf
import numpy as np

WIDTH, FEED_FORWARD = 320, 32
CONTEXT = 131072
TEMPLATE = "{% for message in messages %}<{{ message.role }}>{{ message.content }}{% endfor %}"
END = "<|end|>"


def byte_alphabet():
    """GPT-2's way to write each byte as a printable character."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = (byte for byte in range(256) if byte not in printable)
    return {byte: chr(byte) for byte in printable} | {
        byte: chr(256 + place) for place, byte in enumerate(others)}


def tokens():
    alphabet = byte_alphabet()
    return [alphabet[byte] for byte in range(256)] + [END, "ZZ"]


def followers():
    """The byte that follows each; the end follows all others."""
    chains = [string.ascii_lowercase, string.ascii_uppercase + "A", string.digits, "#你😀", "\nxyz"]
    after = {}
    for chain in chains:
        chain = chain.encode()
        after |= dict(zip(chain, chain[1:], strict=False))
    return after


def write(path, architecture="llama", template=TEMPLATE, drop=(), reshape=None, context=CONTEXT,
          pre="default", heads=5, key_value_heads=1, head_size=64):
    """Writes the model; `drop` leaves tensors out, `reshape` maps names to wrong shapes."""
    names = tokens()
    end = names.index(END)
    writer = gguf.GGUFWriter(path, architecture)
    writer.add_context_length(context)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(1)
    writer.add_feed_forward_length(FEED_FORWARD)
    writer.add_head_count(heads)
    writer.add_head_count_kv(key_value_heads)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_key_length(head_size)
    writer.add_value_length(head_size)
    writer.add_rope_dimension_count(head_size)
    writer.add_license("CC0-1.0")
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(pre)
    writer.add_token_list(names)
    types = [gguf.TokenType.NORMAL] * len(names)
    types[end] = gguf.TokenType.CONTROL
    writer.add_token_types(types)
    writer.add_token_merges(["Z Z"])
    writer.add_eos_token_id(end)
    writer.add_bos_token_id(end)
    writer.add_add_bos_token(False)
    if template is not None:
        writer.add_chat_template(template)

    embedding = np.eye(len(names), WIDTH, dtype=np.float32)
    output = np.zeros((len(names), WIDTH), dtype=np.float32)
    after = followers()
    for token in range(len(names)):
        output[after.get(token, end), token] = 2.0
    query, key_value = heads * head_size, key_value_heads * head_size
    zeros = {"attn_q": (query, WIDTH), "attn_k": (key_value, WIDTH), "attn_v": (key_value, WIDTH),
             "attn_output": (WIDTH, query),
             "ffn_gate": (FEED_FORWARD, WIDTH), "ffn_up": (FEED_FORWARD, WIDTH),
             "ffn_down": (WIDTH, FEED_FORWARD)}
    ones = np.ones(WIDTH, dtype=np.float32)
    tensors = {"token_embd.weight": embedding, "output.weight": output, "output_norm.weight": ones,
               "blk.0.attn_norm.weight": ones, "blk.0.ffn_norm.weight": ones}
    for name, shape in zeros.items():
        tensors[f"blk.0.{name}.weight"] = np.zeros(shape, dtype=np.float32)
    for name, shape in (reshape or {}).items():
        tensors[name] = np.zeros(shape, dtype=np.float32)
    packed = "blk.0.ffn_up.weight"  # one matrix of whole numbers, so that loading packs something
    for name, values in tensors.items():
        if name in drop:
            continue
        if name == packed and name not in (reshape or {}):
            kind = gguf.GGMLQuantizationType.Q8_0
            writer.add_tensor(name, gguf.quants.quantize(values, kind), raw_dtype=kind)
        else:
            writer.add_tensor(name, values)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path
