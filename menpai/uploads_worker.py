"""Turns one stranger's file into JPEG pixels of our own. Run as a script in a process of its own by menpai.uploads, never imported by the site.

In: a line of JSON (format, font, the lines of the watermark), then the file. Out: a line of JSON (words for the person when refused), then the JPEG.
What a hostile file can reach here is this process: no environment, no files to write, little memory, little time.
"""

import io
import json
import math
import resource
import sys

MEMORY = 512 * 1024**2  # bytes of address space, libraries included
SECONDS = 12  # of the processor
MAX_PIXELS = 25_000_000  # decoded whole: PNG, WebP
MAX_PROGRESSIVE = 60_000_000  # a JPEG that is held as a whole, though only a part of it is decoded
MAX_JPEG_PIXELS = 210_000_000  # a phone's largest photo; decoded at an eighth, so never whole
MAX_PAGES = 5
LONG_EDGE, PAGE_EDGE = 2000, 1600  # pixels of a photo, of a page of a PDF: small print stays readable
SHORT_EDGE = 100  # below it nothing can be read
MAX_RATIO = 8  # long to short: a strip is no paper
QUALITY = 80

TOO_BIG = "这张照片的尺寸太大了，打不开。用手机重新拍一张，不要用“高像素”，再传。"
TOO_SMALL = "这张太小，看不清字。靠近一点重新拍一张。"
STRIP = "这张太长了。一页一页分开拍，再传。"
MOVING = "会动的图不行。拍一张照片传上来。"
BROKEN = "这张打不开，可能没存完整。重新拍一张再传。"
BROKEN_PDF = "这个PDF打不开，可能没存完整。把纸质的拍成照片传，也一样。"
LOCKED = "这个PDF有密码，打不开。把纸质的拍成照片传，也一样。"
EMPTY_PDF = "这个PDF里一页也没有。把纸质的拍成照片传，也一样。"
MANY_PAGES = f"这个PDF超过{MAX_PAGES}页。只传要看的那几页，或者拍成照片传。"


class Refused(Exception):
    """The words are for the person who sent the file."""


def limit_this_process() -> None:
    for what, most in (
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_CPU, SECONDS),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),  # a crash must not leave somebody's paper in a core file
    ):
        resource.setrlimit(what, (most, most))


def photo(data: bytes, form: str):
    """The picture of a JPEG, PNG or WebP: upright, in sRGB, no larger than LONG_EDGE, with nothing but its pixels."""
    from PIL import ImageOps, JpegImagePlugin, PngImagePlugin, WebPImagePlugin

    # The plugin is named, not guessed: no other decoder is ever tried on these bytes.
    opener = {"jpeg": JpegImagePlugin.JpegImageFile, "png": PngImagePlugin.PngImageFile, "webp": WebPImagePlugin.WebPImageFile}[form]
    image = opener(io.BytesIO(data))
    most = MAX_PIXELS if form != "jpeg" else MAX_PROGRESSIVE if "progressive" in image.info else MAX_JPEG_PIXELS
    check_size(*image.size, most)
    if form != "jpeg" and getattr(image, "n_frames", 1) > 1:
        raise Refused(MOVING)
    if form == "jpeg":
        image.draft(None, (LONG_EDGE, LONG_EDGE))  # decoded at 1/2, 1/4 or 1/8, never below what is wanted
    profile, orientation = image.info.get("icc_profile"), image.getexif().get(0x0112, 1)
    image.load()
    image = flat(image)
    image.thumbnail((LONG_EDGE, LONG_EDGE))
    image = in_srgb(image, profile)
    image.getexif().clear()
    if orientation in range(2, 9):
        image.getexif()[0x0112] = orientation
        image = ImageOps.exif_transpose(image)
    return image


def check_size(width: int, height: int, most: int) -> None:
    if width * height > most:
        raise Refused(TOO_BIG)
    if min(width, height) < SHORT_EDGE:
        raise Refused(TOO_SMALL)
    if max(width, height) > MAX_RATIO * min(width, height):
        raise Refused(STRIP)


def flat(image):
    """RGB, or CMYK until its profile is applied; what is transparent lies on white."""
    from PIL import Image

    if image.mode in ("RGB", "CMYK"):
        return image
    if image.mode.startswith("I;16") or image.mode == "I":
        return image.point(lambda value: value / 256).convert("L").convert("RGB")
    if image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info:
        image.thumbnail((2 * LONG_EDGE, 2 * LONG_EDGE))
        image = image.convert("RGBA")
        paper = Image.new("RGB", image.size, "white")
        paper.paste(image, mask=image.getchannel("A"))
        return paper
    return image.convert("RGB")


def in_srgb(image, profile: bytes | None):
    """Phones record wider colours; without their profile red stamps would look dull. A profile that does not fit is ignored."""
    from PIL import ImageCms

    if profile:
        try:
            wide = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            image = ImageCms.profileToProfile(image, wide, ImageCms.createProfile("sRGB"), outputMode="RGB")
        except (ImageCms.PyCMSError, OSError, TypeError, ValueError):
            pass
    return image.convert("RGB")


def pages(data: bytes):
    """The pages of a PDF as pictures, one at a time. Forms, scripts and attachments are never started: pdfium only draws."""
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        raise Refused(LOCKED if "assword" in str(error) else BROKEN_PDF) from None
    if len(document) > MAX_PAGES:
        raise Refused(MANY_PAGES)
    if not len(document):
        raise Refused(EMPTY_PDF)
    for number in range(len(document)):
        page = document[number]
        width, height = page.get_size()
        if not (math.isfinite(width) and math.isfinite(height) and min(width, height) > 0):
            raise Refused(BROKEN_PDF)
        scale = min(PAGE_EDGE / max(width, height), PAGE_EDGE / 72)
        check_size(math.ceil(width * scale), math.ceil(height * scale), MAX_PIXELS)
        yield page.render(scale=scale, may_draw_forms=False).to_pil().convert("RGB")
        page.close()


def below_each_other(images: list):
    """One long picture of all pages: a browser shows it without any viewer of PDFs."""
    from PIL import Image

    if len(images) == 1:
        return images[0]
    sheet = Image.new("RGB", (max(i.width for i in images), sum(i.height for i in images)), "white")
    tops = [0]
    for image in images:
        sheet.paste(image, (0, tops[-1]))
        tops.append(tops[-1] + image.height)
    return sheet


def mark(image, lines: list[str], font_path: str):
    """The watermark all over, slanted, dark with a light rim (seen on white paper and on dark), too dense to be cut away."""
    from PIL import Image

    stamp = stamp_of(lines, font_path, size=max(13, min(image.width, 2000) // 36))
    while stamp.width > image.width * 0.7:
        stamp = stamp.resize((stamp.width * 3 // 4, stamp.height * 3 // 4))
    step_x, step_y = int(stamp.width * 1.05), int(stamp.height * 0.8)
    for row, top in enumerate(range(-stamp.height // 2, image.height, step_y)):
        for left in range(-stamp.width // 2 - (row % 2) * step_x // 2, image.width, step_x):
            image.paste(Image.new("RGB", stamp.size, "white"), (left, top), stamp.getchannel("R"))
            image.paste(Image.new("RGB", stamp.size, (60, 60, 70)), (left, top), stamp.getchannel("G"))
    return image


def stamp_of(lines: list[str], font_path: str, *, size: int):
    """The words as two masks: in R the rim, in G the strokes."""
    from PIL import Image, ImageDraw, ImageFont

    font = ImageFont.truetype(font_path, size, layout_engine=ImageFont.Layout.BASIC)
    lines = [drawable(line, font) for line in lines]
    width = int(max(font.getlength(line) for line in lines)) + size
    strokes, rim = (Image.new("L", (width, int(size * 1.4 * len(lines)) + size)) for _ in range(2))
    for number, line in enumerate(lines):
        place = ((width - font.getlength(line)) / 2, size * 0.4 + number * size * 1.4)
        ImageDraw.Draw(strokes).text(place, line, font=font, fill=95)
        ImageDraw.Draw(rim).text(place, line, font=font, fill=80, stroke_width=max(1, size // 18))
    return Image.merge("RGB", (rim, strokes, strokes)).rotate(24, expand=True, resample=Image.Resampling.BILINEAR)


def drawable(line: str, font) -> str:
    """A star for what the font cannot draw: an empty box could be taken for a character."""
    hole = bytes(font.getmask("\U0010ffff"))
    return "".join("＊" if not c.isspace() and bytes(font.getmask(c)) == hole else c for c in line)


def work(head: dict, data: bytes) -> tuple[dict, bytes]:
    """The answer and the JPEG."""
    if head["format"] == "pdf":
        images = [mark(page, head["lines"], head["font"]) for page in pages(data)]
        image, count = below_each_other(images), len(images)
    else:
        image, count = mark(photo(data, head["format"]), head["lines"], head["font"]), 1
    out = io.BytesIO()
    image.info.clear()  # Pillow writes a comment, a resolution and a profile that it finds here
    image.save(out, "JPEG", quality=QUALITY, optimize=True)
    return {"pages": count}, out.getvalue()


def peak() -> int:
    """Most memory that this process held, in bytes."""
    with open("/proc/self/status", encoding="ascii") as file:  # noqa: PTH123 - the fewer modules, the less memory
        return next((int(line.split()[1]) * 1024 for line in file if line.startswith("VmHWM")), 0)


def main() -> None:
    limit_this_process()
    head = json.loads(sys.stdin.buffer.readline())
    data = sys.stdin.buffer.read()
    body = b""
    try:
        answer, body = work(head, data)
    except Refused as refused:
        answer = {"refused": str(refused)}
    except MemoryError:
        answer = {"refused": TOO_BIG}
    except Exception as error:  # noqa: BLE001 - any failure on a stranger's bytes is a broken file; which one, the log says by its type
        answer = {"refused": BROKEN_PDF if head["format"] == "pdf" else BROKEN, "why": type(error).__name__}
    answer["peak"] = peak()
    sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n" + body)


if __name__ == "__main__":
    main()
