"""How tests send photos of papers and look at what lies in the private storage."""

from django.core.files.storage import storages
from django.core.files.uploadedfile import SimpleUploadedFile

from helpdesk import actions
from helpdesk.models import Attachment, HelpRequest, Paper
from menpai.uploads import Cleaned
from tests import pictures

CARD = (("身份证", "原件1份"), ("户口簿", ""))


def picture(mark: str = "x") -> Cleaned:
    """What menpai.uploads makes, without making it."""
    return Cleaned(content=b"\xff\xd8\xff" + f"PICTURE-{mark}".encode() + b"\xff\xd9", is_pdf=False, pages=1, peak=0)


def sent(request: HelpRequest, paper: Paper | None = None, *, by=None, mark: str = "x") -> Attachment:
    return actions.add_files(request=request, paper=paper, files=[picture(mark)], by=by)[0]


def upload(size=(600, 400), name: str = "IMG_20261127_王阿姨身份证.jpg") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, pictures.photo(size), content_type="image/jpeg")


def names() -> list[str]:
    try:
        return sorted(storages["private"].listdir("")[1])
    except FileNotFoundError:
        return []


def raw(name: str) -> bytes:
    with storages["private"].open(name) as file:
        return file.read()
