"""A stranger's file becomes one JPEG of our own or is refused with a sentence; in a process whose memory and time are bounded."""

import io
import random

import pytest
from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadedfile import SimpleUploadedFile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageCms

from menpai import uploads, uploads_worker
from tests import pictures

MARK = ("仅供办理交医保使用", "2026年11月27日")
BOUND = uploads_worker.MEMORY


def clean(data: bytes, mark: tuple[str, ...] = MARK) -> uploads.Cleaned:
    return uploads.clean(io.BytesIO(data), watermark=mark)


def opened(cleaned: uploads.Cleaned) -> Image.Image:
    image = Image.open(io.BytesIO(cleaned.content))
    image.load()
    return image


def refusal(data: bytes) -> str:
    with pytest.raises(uploads.Refused) as refused:
        clean(data)
    words = str(refused.value)
    assert words.endswith("。") and any(hint in words for hint in ("拍", "传")), words  # it says what to do
    return words


# ---- what comes out


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_each_kind_of_photo_becomes_a_jpeg_of_a_sensible_size(form):
    made = clean(pictures.photo((3000, 2400), form=form))
    assert (opened(made).format, opened(made).size, made.is_pdf, made.pages) == ("JPEG", (2000, 1600), False, 1)
    assert made.peak < BOUND


def test_a_small_photo_is_not_blown_up():
    assert opened(clean(pictures.photo((640, 480)))).size == (640, 480)


def test_the_pages_of_a_pdf_stand_below_each_other():
    made = clean(pictures.pdf(3))
    assert (made.is_pdf, made.pages) == (True, 3)
    image = opened(made)
    assert (image.format, image.height) == ("JPEG", 3 * uploads_worker.PAGE_EDGE)


def test_a_photo_lies_as_it_was_taken():
    """Orientation 6: the phone was held upright; the first row of pixels is the right edge."""
    image = Image.new("RGB", (1200, 800), "white")
    image.paste("red", (0, 0, 300, 800))
    exif = Image.Exif()
    exif[0x0112] = 6
    upright = opened(clean(pictures.encoded(image, exif=exif)))
    assert upright.size == (800, 1200)
    top, bottom = (upright.resize((1, 4)).getpixel((0, row)) for row in (0, 3))
    assert top[1] < 120 < bottom[1]


def test_what_is_transparent_lies_on_white():
    made = opened(clean(pictures.encoded(Image.new("RGBA", (800, 800), (0, 0, 0, 0)), "PNG")))
    assert made.resize((1, 1)).getpixel((0, 0))[0] > 200


@pytest.mark.parametrize("mode", ["L", "P", "1", "LA", "CMYK", "I;16"])
def test_other_ways_to_store_pixels(mode):
    data = pictures.encoded(Image.new(mode, (400, 300)), "JPEG" if mode == "CMYK" else "PNG")
    assert opened(clean(data)).mode == "RGB"


def test_colours_of_a_wide_profile_are_brought_to_srgb():
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    made = clean(pictures.photo(colour=(200, 30, 30), icc_profile=lab))
    assert "icc_profile" not in opened(made).info
    assert opened(clean(pictures.photo(icc_profile=b"no profile at all"))).mode == "RGB"  # ignored, not refused


# ---- nothing of the original


def test_no_metadata_of_a_photo_survives():
    exif = Image.Exif()
    exif[0x010E] = "SECRET-EXIF"
    exif.get_ifd(0x8825)[2] = (39.0, 13.0, 48.0)  # where it was taken
    xmp = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'>SECRET-XMP</x:xmpmeta>"
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    sent = pictures.photo(exif=exif, xmp=xmp, comment=b"SECRET-COMMENT", icc_profile=profile, dpi=(300, 300))
    thumbnail = pictures.photo((160, 120), "blue")
    sent = sent[:2] + b"\xff\xed" + (len(thumbnail) + 2).to_bytes(2, "big") + thumbnail + sent[2:] + b"PK\x03\x04SECRET-TRAILER<script>"
    for secret in (b"SECRET-EXIF", b"SECRET-XMP", b"SECRET-COMMENT", b"SECRET-TRAILER", b"ICC_PROFILE", thumbnail):
        assert secret in sent  # it is there to be lost
    made = clean(sent)
    for secret in (b"SECRET", b"Exif", b"ICC_PROFILE", b"xmpmeta", b"<script", b"PK\x03\x04", thumbnail[20:120]):
        assert secret not in made.content
    assert segments(made.content) <= {0xE0, 0xDB, 0xC0, 0xC4, 0xDA}  # JFIF and what a decoder needs: no APP1..15, no comment
    assert made.content.endswith(b"\xff\xd9")
    assert not opened(made).getexif()


@pytest.mark.parametrize("kept", [{"comment": b"SECRET"}, {"xmp": b"SECRET"}, {"dpi": (301, 301)}])
def test_nor_does_any_of_it_alone(kept):
    """Each way through the worker: a photo without a profile is not redrawn in another colour space, and would carry its comment along."""
    made = clean(pictures.photo(**kept))
    assert b"SECRET" not in made.content
    assert opened(made).info.get("dpi", (1, 1)) != (301, 301)


def segments(data: bytes) -> set[int]:
    """The markers of a JPEG up to its pixels."""
    found, place = set(), 2
    while place < len(data) and data[place] == 0xFF:
        found.add(data[place + 1])
        if data[place + 1] == 0xDA:
            break
        place += 2 + int.from_bytes(data[place + 2 : place + 4], "big")
    return found


@pytest.mark.parametrize("form", ["PNG", "WEBP"])
def test_no_text_of_a_png_or_webp_survives(form):
    exif = Image.Exif()
    exif[0x010E] = "SECRET-EXIF"
    sent = pictures.photo(form=form, exif=exif) + b"SECRET-TRAILER"
    assert b"SECRET-EXIF" in sent
    assert b"SECRET" not in clean(sent).content


def test_a_pdf_loses_its_script_its_author_and_what_is_attached():
    sent = pictures.raw_pdf(
        b"<</Type/Catalog/Pages 2 0 R/OpenAction<</S/JavaScript/JS(app.alert\\('SECRET-JS'\\))>>/Names<</EmbeddedFiles<</Names[(SECRET-FILE)null]>>>>>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/AA<</O<</S/JavaScript/JS(SECRET-JS)>>>>>>",
        b"<</Author(SECRET-AUTHOR)>>",
    )
    made = clean(sent)
    assert made.pages == 1
    assert made.content[:3] == b"\xff\xd8\xff"
    for secret in (b"SECRET", b"JavaScript", b"%PDF"):
        assert secret in sent
        assert secret not in made.content


# ---- the watermark


@pytest.mark.parametrize("colour", ["white", "black", "#808080", "#c8b090"])
@pytest.mark.parametrize("size", [(1200, 900), (2000, 1500), (300, 400), (3000, 500)])
def test_the_watermark_is_in_every_part_so_that_no_crop_is_without(colour, size):
    made = opened(clean(pictures.photo(size, colour)))
    plain = Image.new("RGB", made.size, colour)
    seen = ImageChops.difference(made, plain).convert("L").point(lambda value: 255 if value > 18 else 0)
    columns, rows = 4, 4
    for column in range(columns):
        for row in range(rows):
            box = (made.width * column // columns, made.height * row // rows, made.width * (column + 1) // columns, made.height * (row + 1) // rows)
            marked = seen.crop(box).histogram()[255] / ((box[2] - box[0]) * (box[3] - box[1]))
            assert 0.005 < marked < 0.4, (column, row, marked)  # there, and what is below stays readable


def test_every_page_of_a_pdf_is_marked():
    made = opened(clean(pictures.pdf(3)))
    for number in range(3):
        page = made.crop((0, made.height * number // 3, made.width, made.height * (number + 1) // 3)).convert("L")
        assert page.getextrema()[0] < 200


def test_other_words_are_another_mark_and_what_the_font_lacks_is_starred():
    first, second = (opened(clean(pictures.photo(), (words,))) for words in ("仅供办理低保使用", "仅供办理医保使用"))
    assert ImageChops.difference(first, second).getbbox()
    from PIL import ImageFont

    from tests.conftest import ROOT

    font = ImageFont.truetype(str(ROOT / "static" / "fonts" / uploads.FONT), 20)
    assert uploads_worker.drawable("办理\U0001f600 A", font) == "办理＊ A"


# ---- what is refused


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "空的"),
        (b"GIF89a" + b"\0" * 100, "只收照片"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "只收照片"),
        (b"<html><script>1</script>", "只收照片"),
        (b"MZ" + b"\0" * 100, "只收照片"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "HEIC"),
        (b"\xff\xd8\xff" + b"\0" * (10 * 1024**2), "超过10兆"),
    ],
)
def test_what_is_no_photo_is_refused_by_its_content(data, words):
    assert words in refusal(data)


def test_neither_name_nor_header_is_believed():
    lie = SimpleUploadedFile("card.jpg", b"<html>", content_type="image/jpeg")
    with pytest.raises(uploads.Refused, match="只收照片"):
        uploads.clean(lie, watermark=MARK)
    truth = SimpleUploadedFile("virus.exe", pictures.photo(), content_type="application/x-msdownload")
    assert uploads.clean(truth, watermark=MARK).content[:3] == b"\xff\xd8\xff"


@pytest.fixture
def peaks(monkeypatch):
    """The most memory of each worker, also of those that refused."""
    found, loads = [], uploads.json.loads

    def heard(line):
        answer = loads(line)
        found.append(answer["peak"])
        return answer

    monkeypatch.setattr(uploads.json, "loads", heard)
    return found


BOMBS = {
    "tiny PNG of 60000 x 60000": (lambda: pictures.png_claiming(60_000, 60_000), "尺寸太大"),
    "real PNG of 400 million pixels": (lambda: pictures.png_of_zeros(20_000, 20_000), "尺寸太大"),
    "PNG of 3000 frames": (lambda: pictures.moving(3000), "会动的图"),
    "WebP of 300 frames": (lambda: pictures.moving(300, "WEBP"), "会动的图"),
    "PNG claiming 24 million pixels": (lambda: pictures.png_claiming(6000, 4000), "打不开"),
    "PNG with a text of 60 MB": (lambda: pictures.png_claiming(800, 800, extra=pictures.chunk(b"zTXt", b"a\0\0" + pictures.zlib.compress(b"\0" * 60_000_000))), "打不开"),
    "strip": (lambda: pictures.photo((4000, 200)), "太长"),
    "speck": (lambda: pictures.photo((60, 60)), "看不清"),
    "PDF of 6 pages": (lambda: pictures.pdf(6), "超过5页"),
    "PDF of no page": (lambda: pictures.raw_pdf(b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[]/Count 0>>"), "PDF"),
    "PDF of one page that says it has a million": (
        lambda: pictures.raw_pdf(b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[3 0 R]/Count 1000000>>", b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>"),
        "PDF",
    ),
    "PDF whose pages hold each other": (
        lambda: pictures.raw_pdf(b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[3 0 R 3 0 R]/Count 2>>", b"<</Type/Pages/Parent 2 0 R/Kids[2 0 R 2 0 R]/Count 2>>"),
        "PDF",
    ),
    "PDF of a strip": (lambda: pictures.pdf(size=(14_000, 20)), "看不清"),
    "cut JPEG": (lambda: pictures.paper_photo()[:40_000], "打不开"),
    "cut PDF": (lambda: pictures.pdf()[:150], "PDF"),
}  # fmt: skip


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_in_bounded_memory(name, peaks):
    make, words = BOMBS[name]
    data = make()
    assert len(data) < uploads.MAX_BYTES
    assert words in refusal(data)
    assert all(peak < BOUND for peak in peaks) and peaks


LARGE = {
    "PDF of a page of 350 m": lambda: pictures.pdf(size=(1_000_000, 1_000_000)),
    "photo of 108 million pixels": lambda: pictures.photo((12_000, 9_000), "gray"),
    "PNG of 24 million": lambda: pictures.photo((6_000, 4_000), form="PNG"),
    "RGBA of 25 million": lambda: pictures.encoded(Image.new("RGBA", (5_000, 5_000)), "PNG"),
}


@pytest.mark.parametrize("name", LARGE)
def test_what_is_large_but_no_bomb_is_drawn_small_in_bounded_memory(name, peaks):
    made = clean(LARGE[name]())
    assert max(opened(made).size) <= uploads_worker.LONG_EDGE
    assert peaks == [made.peak]
    assert made.peak < BOUND


def test_an_endless_page_of_a_pdf(peaks):
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 1e30 1e30]>>"
    made = clean(pictures.raw_pdf(b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[3 0 R]/Count 1>>", page))
    assert max(opened(made).size) <= uploads_worker.PAGE_EDGE
    assert made.peak < BOUND


def test_a_pdf_that_never_stops_drawing_is_stopped(monkeypatch):
    """A pattern drawn in a pattern, and so on: work that grows with each level. The limit of processor time ends it."""
    forms = [b"<</Type/XObject/Subtype/Form/BBox[0 0 500 500]/Resources<</XObject<</F %d 0 R>>>>/Length 72>>stream\n%s\nendstream" % (n + 1, b"/F Do " * 12) for n in range(5, 14)]
    last = b"<</Type/XObject/Subtype/Form/BBox[0 0 500 500]/Length 18>>stream\n0 0 400 400 re f \nendstream"
    data = pictures.raw_pdf(
        b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</XObject<</F 5 0 R>>>>>>", b"<</Length 6>>stream\n/F Do \nendstream", *forms, last,
    )  # fmt: skip
    monkeypatch.setattr(uploads, "SECONDS", 3)
    assert "太复杂" in refusal(data)


def test_a_worker_that_hangs_or_dies_is_an_answer_too(monkeypatch, tmp_path):
    for body in ("import time; time.sleep(60)", "import os; os.kill(os.getpid(), 9)", "bytes(10**12)"):
        worker = tmp_path / "worker.py"
        worker.write_text(body)
        monkeypatch.setattr(uploads, "WORKER", worker)
        monkeypatch.setattr(uploads, "SECONDS", 1)
        assert "重新拍一张" in refusal(pictures.photo())


TRIES_TO_WRITE = """
import os
limit_this_process()
sys.stdin.buffer.read()
try:
    with open("PLACE", "w") as file:
        file.write("x")
except OSError:
    pass
print(json.dumps({"pages": len([n for n in os.environ if "MENPAI" in n or "DATABASE" in n]), "peak": 0}))
"""


def test_the_worker_has_no_secret_and_no_file_to_write(monkeypatch, tmp_path):
    worker = tmp_path / "worker.py"
    source = uploads.WORKER.read_text(encoding="utf-8").partition("def photo(")[0]
    worker.write_text(source + TRIES_TO_WRITE.replace("PLACE", str(tmp_path / "written")))
    monkeypatch.setattr(uploads, "WORKER", worker)
    made = clean(pictures.photo())
    assert made.pages == 0
    assert (tmp_path / "written").read_text() == ""  # made, but not a byte of it


def test_when_everybody_sends_at_once_one_is_told_to_wait(monkeypatch):
    monkeypatch.setattr(uploads, "WAIT", 0.01)
    with uploads._turn:
        assert "过一分钟再传" in refusal(pictures.photo())
    monkeypatch.setattr(uploads, "WAIT", 60)
    with uploads._places, uploads._places:  # one at work, one waiting: the third is told at once, and the threads stay free for readers
        assert "过一分钟再传" in refusal(pictures.photo())
    assert clean(pictures.photo()).pages == 1  # and the turns come back


def test_an_unexpected_body_is_refused_before_it_is_read():
    with pytest.raises(RequestDataTooBig):
        uploads.BoundedUpload().handle_raw_input(None, {}, uploads.MAX_REQUEST + 1, b"x")
    assert uploads.BoundedUpload().handle_raw_input(None, {}, uploads.MAX_REQUEST, b"x") is None


# ---- anything at all


SEEDS = [pictures.photo((300, 200)), pictures.photo((300, 200), form="PNG"), pictures.photo((300, 200), form="WEBP"), pictures.pdf()]


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, len(SEEDS) - 1), cut=st.floats(0.05, 1), flips=st.integers(0, 30), luck=st.integers(0, 2**32))
def test_whatever_is_sent_becomes_a_jpeg_or_a_sentence(seed, cut, flips, luck):
    chance = random.Random(luck)
    data = bytearray(SEEDS[seed][: int(len(SEEDS[seed]) * cut)])
    for _ in range(flips):
        data[chance.randrange(8, len(data)) if len(data) > 8 else 0] = chance.randrange(256)
    try:
        made = clean(bytes(data))
    except uploads.Refused as refused:
        assert str(refused).endswith("。")
    else:
        assert opened(made).format == "JPEG"
        assert made.peak < BOUND
