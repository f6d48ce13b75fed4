from doorplates import codes
from doorplates.models import Doorplate


def find_plate(typed: str) -> Doorplate | None:
    """The plate for a code as scanned or typed; None for an unknown or mistyped one. Ended plates are found too."""
    code = codes.normalise(typed)
    if not codes.is_valid(code):
        return None
    return Doorplate.objects.select_related("building__community__parent", "successor__building").filter(code=code).first()
