# SPDX-License-Identifier: MIT
"""Reads the pictures that the program draws: its SVG, and PNG by the format's own description (RFC 2083)."""
import re
import struct
import xml.etree.ElementTree
import zlib

NAMESPACE = "{http://www.w3.org/2000/svg}"


class Sheet:
    """What is drawn on an SVG: `pictures`, of each its place, scale, title, and rows of (red, green, blue); `texts` with their places."""

    def __init__(self, path):
        root = xml.etree.ElementTree.parse(path).getroot()
        self.width, self.height = int(root.get("width")), int(root.get("height"))
        self.heading = root.find(NAMESPACE + "title").text
        self.pictures = [Picture(group) for group in root.iter(NAMESPACE + "g")]
        self.texts = [(int(text.get("x")), int(text.get("y")), text.text or "") for text in root.iter(NAMESPACE + "text")]


class Picture:
    def __init__(self, group):
        place = re.fullmatch(r"translate\((\d+) (\d+)\) scale\((\d+)\) translate\(0 \.5\)", group.get("transform"))
        self.x, self.y, self.scale = (int(number) for number in place.groups())
        title = group.find(NAMESPACE + "title")
        self.title = None if title is None else title.text
        pixels = {}
        for path in group.iter(NAMESPACE + "path"):
            colour = tuple(bytes.fromhex(path.get("stroke")[1:]))
            runs = re.findall(r"M(\d+) (\d+)h(\d+)", path.get("d"))
            if "".join(f"M{x} {y}h{length}" for x, y, length in runs) != path.get("d"):
                raise AssertionError(f"not all of {path.get('d')} is runs of pixels")
            for x, y, length in ((int(number) for number in run) for run in runs):
                for i in range(length):
                    if (y, x + i) in pixels:
                        raise AssertionError(f"two pixels at row {y}, column {x + i}")
                    pixels[y, x + i] = colour
        self.height, self.width = (1 + max(place[axis] for place in pixels) for axis in (0, 1))
        self.rows = [[pixels[y, x] for x in range(self.width)] for y in range(self.height)]

    def grey(self):
        """Rows of numbers; only of a picture without colours."""
        for row in self.rows:
            for red, green, blue in row:
                if not red == green == blue:
                    raise AssertionError(f"the colour {red}, {green}, {blue} in a grey picture")
        return [[pixel[0] for pixel in row] for row in self.rows]


def _predict(kind, left, above, corner):
    if kind < 3:
        return (0, left, above)[kind]
    if kind == 3:
        return (left + above) // 2
    distance = [abs(left + above - corner - near) for near in (left, above, corner)]
    return (left, above, corner)[distance.index(min(distance))]


def read_png(path):
    """Rows of (red, green, blue) of a PNG of eight bits without interlacing."""
    with open(path, "rb") as file:
        content = file.read()
    if content[:8] != b"\x89PNG\r\n\x1a\n":
        raise AssertionError(f"{path} begins with {content[:8]}")
    chunks, at = {}, 8
    while at < len(content):
        size, kind = struct.unpack(">I4s", content[at:at + 8])
        data = content[at + 8:at + 8 + size]
        if struct.unpack(">I", content[at + 8 + size:at + 12 + size])[0] != zlib.crc32(kind + data):
            raise AssertionError(f"{path}: the chunk {kind} is damaged")
        chunks[kind] = chunks.get(kind, b"") + data
        at += 12 + size
    width, height, *form = struct.unpack(">IIBBBBB", chunks[b"IHDR"])
    if form != [8, 2, 0, 0, 0]:
        raise AssertionError(f"{path} has the form {form}")
    packed, step, rows = zlib.decompress(chunks[b"IDAT"]), 3 * width, []
    above = bytes(step)
    for y in range(height):
        kind, line = packed[y * (step + 1)], bytearray(packed[y * (step + 1) + 1:(y + 1) * (step + 1)])
        for i in range(step if kind else 0):
            left, corner = (line[i - 3], above[i - 3]) if i > 2 else (0, 0)
            line[i] = (line[i] + _predict(kind, left, above[i], corner)) & 255
        rows.append([tuple(line[i:i + 3]) for i in range(0, step, 3)])
        above = line
    return rows
