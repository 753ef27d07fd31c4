"""The pictures, films and sounds of tests/golden/models.py, and what transformers makes of them."""

import fractions
import json
import pathlib
import subprocess
import wave

import numpy
import PIL.Image
import torch
import transformers

# Width and height of the pictures that a model is shown. Of those that are squares, and whose ideal
# sides are no whole ones, several grids are equally near.
PICTURES = {
    "muse_glimmer_eyes": [(59, 37), (24, 70), (29, 29)],
    "muse_glimmer_eyes_silent": [(150, 90), (60, 200)],
    "muse_glimmer_eyes_odd": [(23, 61), (90, 16)],
    "muse_spark_senses": [(59, 37), (20, 64)],
    "muse_glimmer_film": [(24, 40)],
    "muse_spark_film": [(30, 20)],
}
# Width, height, frames, frames a second and file of the films: one that fills no group of two frames,
# one of which some frames are left out, one whose second half is.
FILMS = {
    "muse_glimmer_film": [(40, 24, 9, "6", "mkv"), (23, 31, 1, "10", "mov"), (64, 20, 31, "10", "mkv")],
    "muse_glimmer_film_silent": [(90, 60, 41, "24000/1001", "mov")],
    "muse_spark_film": [(52, 64, 13, "5", "mov"), (30, 30, 9, "2", "mkv")],
}
FILM_PROCESSORS = {
    "muse_glimmer_film": {"patch_size": 4, "max_video_frame_tokens": 12, "num_frames": 6},
    "muse_spark_film": {
        "patch_size": 4, "max_video_frame_tokens": 15, "fps": 2.5, "image_mean": [0.4, 0.5, 0.6],
        "image_std": [0.3, 0.25, 0.2],
    },
}
# Samples of the sounds: a whole number of tokens, less than one, one more than some.
SOUNDS = {
    "muse_spark_senses": [96, 7, 217],
    "muse_spark_film": [50],
}
PROCESSORS = {
    "muse_spark_senses": {"patch_size": 4, "max_image_tokens": 24},
    "muse_glimmer_eyes": {"patch_size": 4, "max_image_tokens": 24},
    "muse_glimmer_film": {"patch_size": 4, "max_image_tokens": 10},
    "muse_spark_film": {"patch_size": 4, "max_image_tokens": 10},
    "muse_glimmer_eyes_odd": {
        "patch_size": 3, "max_image_tokens": 30, "image_mean": [0.4, 0.5, 0.6], "image_std": [0.3, 0.25, 0.2],
    },
}
SAMPLES_PER_TOKEN = 24  # of models.EARS


def draw(width: int, height: int, generator: numpy.random.Generator) -> PIL.Image.Image:
    """Waves of every colour, with edges and noise."""
    y, x = numpy.mgrid[0:height, 0:width]
    planes = []
    for _ in range(3):
        waves = numpy.sin(x * generator.uniform(0.05, 0.6) + y * generator.uniform(-0.6, 0.6))
        edge = 60.0 * (x * generator.uniform(-1, 1) + y * generator.uniform(-1, 1) > generator.uniform(-9, 9))
        planes.append(128 + 70 * waves + edge + generator.normal(0, 25, (height, width)))
    return PIL.Image.fromarray(numpy.stack(planes, -1).clip(0, 255).astype(numpy.uint8))


def write_pictures(folder: pathlib.Path, number: int) -> dict:
    """Draws the model's pictures; gives back what the reference makes of them."""
    generator = numpy.random.default_rng(number)
    pictures = []
    for i, (width, height) in enumerate(PICTURES[folder.name]):
        pictures.append(draw(width, height, generator))
        pictures[-1].save(folder / f"picture_{i}.png")
    # The Python name of the class that uses torchvision, which is the default.
    processor = transformers.MuseGlimmerImageProcessor(**PROCESSORS.get(folder.name, {}))
    if folder.name in PROCESSORS:
        processor.save_pretrained(folder)
    seen = processor(pictures, return_tensors="pt")
    numpy.save(folder / "pixels.npy", seen["pixel_values"].numpy())
    return dict(seen)


def write_films(folder: pathlib.Path, number: int) -> dict:
    """Draws the model's films; gives back what the reference makes of them."""
    generator = numpy.random.default_rng(number + 2)
    films, facts = [], []
    for i, (width, height, count, rate, kind) in enumerate(FILMS[folder.name]):
        frames = numpy.stack([numpy.asarray(draw(width, height, generator)) for _ in range(count)])
        codec = ["-c:v", "png"] if kind == "mov" else ["-c:v", "ffv1", "-pix_fmt", "bgr0"]
        subprocess.run(
            ["ffmpeg", "-v", "error", "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}", "-r", rate,
             "-i", "-", *codec, "-fflags", "+bitexact", "-flags:v", "+bitexact", "-y",
             str(folder / f"film_{i}.{kind}")],
            input=frames.tobytes(), check=True,
        )
        films.append(torch.from_numpy(frames).permute(0, 3, 1, 2))
        rate = fractions.Fraction(rate)
        facts.append({"total_num_frames": count, "fps": rate.numerator / rate.denominator, "duration": None})
    processor = transformers.MuseGlimmerVideoProcessor(**FILM_PROCESSORS.get(folder.name, {}))
    if folder.name in FILM_PROCESSORS:
        processor.save_pretrained(folder)
    pixels, grids, seconds = [], [], []
    for film, fact in zip(films, facts):
        seen = processor([film], video_metadata=[fact], return_metadata=True, return_tensors="pt")
        pixels.append(seen["pixel_values_videos"])
        grids.append(seen["video_grid_thw"])
        seconds += [float(one) for one in seen["video_metadata"][0].timestamps[::2]]
    numpy.save(folder / "film_pixels.npy", torch.cat(pixels).numpy())
    (folder / "film_seconds.json").write_text(json.dumps(seconds) + "\n")
    return {"pixel_values_videos": torch.cat(pixels), "video_grid_thw": torch.cat(grids)}


def write_sounds(folder: pathlib.Path, number: int) -> dict:
    """Draws the model's sounds; gives back what the reference makes of them."""
    generator = numpy.random.default_rng(number + 1)
    sounds = []
    for i, length in enumerate(SOUNDS[folder.name]):
        curve = numpy.sin(numpy.arange(length) * generator.uniform(0.05, 0.9)) + generator.normal(0, 0.3, length)
        whole = (curve * 12_000).clip(-32_768, 32_767).astype("<i2")
        with wave.open(str(folder / f"sound_{i}.wav"), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(24_000)
            file.writeframes(whole.tobytes())
        sounds.append(whole.astype(numpy.float32) / 32_768)
    extractor = transformers.MuseSparkFeatureExtractor(samples_per_token=SAMPLES_PER_TOKEN)
    return dict(extractor(sounds, sampling_rate=24_000, return_tensors="pt"))
