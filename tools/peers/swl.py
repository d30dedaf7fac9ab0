"""Reads a float .swl model (Sources/SwiftletFormat/Format.md) whose graph is a chain; enough for the peers."""
import struct
import zlib

import numpy as np

CONV, DENSE, MAX_POOL, ACTIVATION, FLATTEN, SOFTMAX, DROPOUT = 1, 2, 3, 5, 8, 10, 12


class Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, count):
        if self.at + count > len(self.data):
            raise ValueError(f"the content ends at byte {self.at}")
        self.at += count
        return self.data[self.at - count:self.at]

    def byte(self):
        return self.take(1)[0]

    def varint(self):
        value = shift = 0
        while True:
            byte = self.byte()
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    def text(self):
        return self.take(self.varint()).decode()


def read(path):
    """The input shape (height, width, channels) and the layers of a float model, each a dictionary."""
    data = open(path, "rb").read()
    if data[:3] != b"SWL" or data[3] != 1:
        raise ValueError(f"{path}: not a .swl file of version 1")
    if data[4] & 1:
        raise ValueError(f"{path}: is quantized; a float model is needed")
    if zlib.crc32(data[:-4]) != struct.unpack("<I", data[-4:])[0]:
        raise ValueError(f"{path}: the checksum is wrong")
    head = Reader(data)
    head.take(5)
    size = head.varint()
    content = zlib.decompressobj(-15).decompress(data[head.at:-4])
    if len(content) != size:
        raise ValueError(f"{path}: the content has {len(content)} bytes instead of {size}")
    reader = Reader(content)
    if reader.varint() != 1:
        raise ValueError(f"{path}: only models of one input are understood")
    shape = [reader.varint() for _ in range(3)]
    layers = [node(reader) for _ in range(reader.varint())]
    for _ in range(reader.varint()):
        reader.varint()
    metadata(reader)
    h, w, c = shape
    for layer in layers:
        h, w, c = parameters(reader, layer, h, w, c)
    if reader.at != len(content):
        raise ValueError(f"{path}: {len(content) - reader.at} bytes are left over")
    return shape, layers


def node(reader):
    tag, options = reader.byte(), reader.varint()
    layer = {"tag": tag, "relu": bool(options >> 4 & 1)}
    if options & 1:
        reader.text()
    # Only what chains of plain convolutions and pools need: ReLU, strides, rectangular kernels.
    if options & ~(1 | 1 << 4 | 1 << 6 | 1 << 12) or tag not in (
            CONV, DENSE, MAX_POOL, ACTIVATION, FLATTEN, SOFTMAX, DROPOUT):
        raise ValueError(f"operator {tag} with options {options:#x} is not understood here")
    if tag in (CONV, DENSE):
        layer["units"] = reader.varint()
    if tag in (CONV, MAX_POOL):
        height = reader.varint()
        layer["kernel"] = (height, reader.varint() if options >> 12 & 1 else height)
        default = layer["kernel"] if tag == MAX_POOL else (1, 1)
        layer["stride"] = (reader.varint(), reader.varint()) if options >> 6 & 1 else default
    if tag == DROPOUT:
        reader.take(4)
    return layer


def metadata(reader):
    parts = reader.varint()
    if parts & 1:
        for _ in range(reader.varint()):
            reader.text()
    if parts & 2:
        raise ValueError("normalized inputs are not understood here")
    if parts & 4:
        for _ in range(3):
            reader.text()
        if parts & 16:
            reader.varint(), reader.varint(), reader.take(8)
        for _ in range(reader.varint()):
            reader.byte(), reader.varint(), reader.varint()
    if parts & 8:
        reader.varint(), reader.varint(), reader.take(8)


def parameters(reader, layer, h, w, c):
    """Reads a layer's tensors; returns its output's shape."""
    tag = layer["tag"]
    if tag in (CONV, MAX_POOL):
        (kh, kw), (sh, sw) = layer["kernel"], layer["stride"]
        output = (h - kh) // sh + 1, (w - kw) // sw + 1
    if tag == CONV:
        layer["weights"] = tensor(reader, (layer["units"], kh, kw, c))
        layer["bias"] = tensor(reader, (layer["units"],))
        return *output, layer["units"]
    if tag == DENSE:
        layer["weights"] = tensor(reader, (layer["units"], h * w * c))
        layer["bias"] = tensor(reader, (layer["units"],))
        layer["input"] = (h, w, c)
        return 1, 1, layer["units"]
    if tag == MAX_POOL:
        return *output, c
    # Dense layers take any shape in NHWC order, so a flattened shape may keep its extents here.
    return h, w, c


def tensor(reader, shape):
    count = int(np.prod(shape))
    form = reader.byte()
    encoding, transposed = form & 127, form >> 7
    values = np.zeros(count, np.uint32)
    if encoding == 1:
        values = planes(reader, count)
    elif encoding == 2:
        mask = np.unpackbits(np.frombuffer(reader.take((count + 7) // 8), np.uint8), bitorder="little")[:count] != 0
        values[mask] = planes(reader, int(mask.sum()))
    elif encoding == 3:
        nonzero, at = reader.varint(), -1
        places = []
        for _ in range(nonzero):
            while (gap := reader.byte()) == 255:
                at += 255
            at += gap + 1
            places.append(at)
        values[places] = planes(reader, nonzero)
    elif encoding != 0:
        raise ValueError(f"encoding {encoding} is not one of float tensors")
    floats = values.view(np.float32)
    rows = shape[0]
    return (floats.reshape(-1, rows).T if transposed else floats).reshape(shape)


def planes(reader, count):
    bytes_ = np.frombuffer(reader.take(4 * count), np.uint8).reshape(4, count).astype(np.uint32)
    return bytes_[0] << 24 | bytes_[1] << 16 | bytes_[2] << 8 | bytes_[3]
