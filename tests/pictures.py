"""Files as residents and strangers send them, made small in memory."""

import io
import struct
import zlib

from PIL import Image, ImageDraw
from pypdfium2 import PdfDocument


def encoded(image: Image.Image, form: str = "JPEG", **options) -> bytes:
    out = io.BytesIO()
    image.save(out, form, **options)
    return out.getvalue()


def photo(size: tuple[int, int] = (1200, 900), colour="white", form: str = "JPEG", **options) -> bytes:
    return encoded(Image.new("RGB", size, colour), form, **options)


def paper_photo(words: str = "REQUEST 2026") -> bytes:
    """White paper with something on it, as a phone takes it."""
    image = Image.new("RGB", (1500, 2000), "#8a8f98")
    draw = ImageDraw.Draw(image)
    draw.rectangle((120, 160, 1380, 1840), fill="#fdfdfb")
    for line in range(12):
        draw.text((200, 240 + line * 120), f"{words} {line}", fill="black", font_size=60)
    return encoded(image, quality=85)


def pdf(pages: int = 1, size: tuple[float, float] = (595, 842), before_end: bytes = b"") -> bytes:
    """A PDF of blank pages; `before_end` is put in as further objects of the file."""
    document = PdfDocument.new()
    for _ in range(pages):
        document.new_page(*size)
    out = io.BytesIO()
    document.save(out)
    document.close()
    return out.getvalue() + before_end


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png_claiming(width: int, height: int, rows: bytes = b"\0" * 64, extra: bytes = b"") -> bytes:
    """A tiny PNG whose head says what it likes."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + extra + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def png_of_zeros(width: int, height: int) -> bytes:
    """A real one, one bit a pixel: a hundred thousand times smaller than what it decodes to."""
    return encoded(Image.new("1", (width, height)), "PNG")


def moving(frames: int, form: str = "PNG") -> bytes:
    images = [Image.new("RGB", (120, 120), (n % 256, n // 256, 0)) for n in range(frames)]
    return encoded(images[0], form, save_all=True, append_images=images[1:], duration=40)


def raw_pdf(*objects: bytes) -> bytes:
    """A PDF of these objects, the first of which is its catalogue; pdfium finds them without a table."""
    body = b"%PDF-1.7\n"
    places = []
    for number, content in enumerate(objects, start=1):
        places.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1) + b"".join(b"%010d 00000 n \n" % place for place in places)
    return body + table + b"trailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (len(objects) + 1, len(body))
