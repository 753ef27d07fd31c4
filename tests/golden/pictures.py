"""Makes tests/golden/pictures/: small pictures and what Pillow, torch and transformers make of them.

Needs what tests/golden/models.py needs, in an environment of its own. For src/media/golden_test.cc:

  *.png, *.jpg, *.webp   pictures of every kind that is read, and some with an Exif orientation
  decoded.json           file: [width, height, CRC-32 of the pixels as red, green, blue], as Pillow
                         has them once the orientation is taken away
  resized.json           [file, width, height, CRC-32], as torch's Lanczos has them
  grids.json             [width, height, most tokens, patch rows, patch columns] of transformers
  frames.json            [frames of a film, frames a second, most frames, sum over those chosen]
"""

import io
import json
import pathlib
import random
import zlib

import numpy
import PIL.Image
import PIL.ImageOps
import torch
import transformers
from transformers.models.muse_glimmer.image_processing_muse_glimmer import smart_resize
from transformers.video_utils import VideoMetadata

FOLDER = pathlib.Path(__file__).resolve().parent / "pictures"
ORIENTATION = 274


def draw(width: int, height: int, seed: int, planes: int = 3) -> numpy.ndarray:
    generator = numpy.random.default_rng(seed)
    y, x = numpy.mgrid[0:height, 0:width]
    made = []
    for _ in range(planes):
        wave = numpy.sin(x * generator.uniform(0.05, 0.9) + y * generator.uniform(-0.9, 0.9))
        made.append(128 + 90 * wave + generator.normal(0, 20, (height, width)))
    return numpy.stack(made, -1).clip(0, 255).astype(numpy.uint8)


def exif(orientation: int) -> PIL.Image.Exif:
    block = PIL.Image.Exif()
    block[ORIENTATION] = orientation
    return block


def write_pictures() -> None:
    rgb = PIL.Image.fromarray(draw(37, 23, 1))
    rgba = PIL.Image.fromarray(draw(31, 18, 2, 4), "RGBA")
    grey = rgb.convert("L")
    rgb.save(FOLDER / "rgb.png")
    rgba.save(FOLDER / "rgba.png")
    grey.save(FOLDER / "grey.png")
    rgba.convert("LA").save(FOLDER / "grey_alpha.png")
    rgb.convert("1").save(FOLDER / "bits.png")
    rgb.quantize(16).save(FOLDER / "palette.png")
    rgb.quantize(200).save(FOLDER / "palette_clear.png", transparency=3)
    rgb.save(FOLDER / "turned.png", exif=exif(6))
    PIL.Image.fromarray(draw(1, 1, 3)).save(FOLDER / "dot.png")
    write_wide_png(FOLDER / "sixteen_bits.png", 11, 7)
    rgb.save(FOLDER / "usual.jpg", quality=85)
    rgb.save(FOLDER / "full_colour.jpg", quality=95, subsampling=0)
    rgb.save(FOLDER / "progressive.jpg", quality=60, progressive=True)
    grey.save(FOLDER / "grey.jpg", quality=80)
    for orientation in range(1, 9):
        rgb.save(FOLDER / f"turned_{orientation}.jpg", quality=90, exif=exif(orientation))
    rgb.save(FOLDER / "lossy.webp", quality=70)
    rgb.save(FOLDER / "lossless.webp", lossless=True)
    rgba.save(FOLDER / "alpha.webp", quality=70, exact=True)
    rgb.save(FOLDER / "turned.webp", quality=80, exif=exif(8))


def write_wide_png(path: pathlib.Path, width: int, height: int) -> None:
    """Sixteen bits a colour, which Pillow reads and does not write."""
    def chunk(kind: bytes, content: bytes) -> bytes:
        return len(content).to_bytes(4, "big") + kind + content + zlib.crc32(kind + content).to_bytes(4, "big")
    rows = numpy.random.default_rng(4).integers(0, 1 << 16, (height, width, 3), dtype=numpy.uint16)
    raw = b"".join(b"\0" + row.astype(">u2").tobytes() for row in rows)
    head = width.to_bytes(4, "big") + height.to_bytes(4, "big") + bytes([16, 2, 0, 0, 0])
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(raw))
                     + chunk(b"IEND", b""))


def decode(path: pathlib.Path) -> numpy.ndarray:
    image = PIL.Image.open(io.BytesIO(path.read_bytes()))
    return numpy.asarray(PIL.ImageOps.exif_transpose(image).convert("RGB"))


def decoded() -> dict:
    found = {}
    for path in sorted(FOLDER.glob("*.*")):
        if path.suffix == ".json":
            continue
        pixels = decode(path)
        found[path.name] = [pixels.shape[1], pixels.shape[0], zlib.crc32(pixels.tobytes())]
    return found


def resized() -> list:
    found = []
    sizes = [(56, 28), (28, 56), (10, 9), (37, 50), (80, 23), (3, 3), (200, 150), (1, 40)]
    for name in ["rgb.png", "grey.png", "dot.png"]:
        pixels = torch.from_numpy(decode(FOLDER / name).copy()).permute(2, 0, 1)[None]
        for width, height in sizes:
            new = torch.nn.functional.interpolate(
                pixels.contiguous(), size=[height, width], mode="lanczos", align_corners=False, antialias=True)
            found.append([name, width, height, zlib.crc32(new[0].permute(1, 2, 0).contiguous().numpy().tobytes())])
    return found


def grids() -> list:
    random.seed(1)
    sizes = [(side, side) for side in range(1, 400, 7)] + [(20000, 10), (10, 20000), (1, 1), (8000, 8000)]
    sizes += [(random.randint(1, 5000), random.randint(1, 5000)) for _ in range(150)]
    found = []
    for width, height in sizes:
        for most in (4096, 100, 7):
            rows, columns = smart_resize(height, width, 28, most)
            found.append([width, height, most, rows // 14, columns // 14])
    return found


def frames() -> list:
    """The sum begins with how many are chosen; each is added to 31 times that, modulo 1,000,000,007."""
    random.seed(2)
    processor = transformers.MuseGlimmerVideoProcessor()
    films = [(count, rate) for count in range(1, 300, 3) for rate in (1.0, 5.0, 24.0, 30_000 / 1001)]
    films += [(random.randint(300, 2_000_000), random.choice([1.5, 10.0, 25.0, 60.0])) for _ in range(300)]
    found = []
    for count, rate in films:
        for most in (96, 31, 3):
            metadata = VideoMetadata(total_num_frames=count, fps=rate)
            chosen = processor.sample_frames(metadata, temporal_patch_size=2, num_frames=most, fps=2.0).tolist()
            total = len(chosen)
            for frame in chosen:
                total = (total * 31 + frame) % 1_000_000_007
            found.append([count, rate, most, total])
    return found


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    write_pictures()
    tables = {"decoded": decoded(), "resized": resized(), "grids": grids(), "frames": frames()}
    for name, found in tables.items():
        (FOLDER / f"{name}.json").write_text(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
