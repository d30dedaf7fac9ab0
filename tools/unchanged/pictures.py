"""Class folders of generated PNG images, for networks whose data set is not at hand."""
import os
import random
import struct
import zlib


def png(height, width, channels, pixels):
    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
    row = width * channels
    lines = b"".join(b"\0" + pixels[y * row:(y + 1) * row] for y in range(height))
    head = struct.pack(">2I5B", width, height, 8, {1: 0, 3: 2}[channels], 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(lines, 1)) + chunk(b"IEND", b"")


def write(folder, height, width, channels, classes, per_class):
    """Noise whose mean differs from class to class; the same bytes every time."""
    chance = random.Random(7)
    for label in range(classes):
        os.makedirs(os.path.join(folder, f"class-{label:02}"))
        for index in range(per_class):
            least = 120 * label // classes
            pixels = bytes(chance.randrange(least, least + 136) for _ in range(height * width * channels))
            with open(os.path.join(folder, f"class-{label:02}", f"{index:03}.png"), "wb") as file:
                file.write(png(height, width, channels, pixels))
