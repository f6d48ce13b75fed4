"""Areas as people write them in a table, and whose they are."""

import re
import unicodedata

from django.core.exceptions import ValidationError

from guides.districts import districts_of
from guides.models import Area, own_district

FOREIGN = "不归您管的区（县）。删掉这一行，请管那里的人导入。"


class AreaNames:
    """Areas as people write them: 水韵名都社区, 园艺镇水韵名都社区, the full official name, or the 12-digit code. Made once an import."""

    def __init__(self, user=None):
        self.found: dict[str, set[str]] = {}
        self.rows = {area.pk: area for area in Area.objects.select_related("parent")}
        self.districts = districts_of(user) if user is not None else None
        for area in self.rows.values():
            above = [area.parent.short_name, area.parent.name] if area.parent else []
            for name in {area.pk, area.name, area.short_name, *(up + own for up in above for own in (area.name, area.short_name))}:
                self.found.setdefault(name, set()).add(area.pk)

    def find(self, text: str, *, or_all: str = "；全区都能看，就空着") -> Area | None:
        """None for 全区 or nothing; `or_all` is what an error says of that. Raises ValidationError for a name that no area has, or several."""
        if text in self.rows:  # the code, as exports write it
            return self.rows[text]
        name = re.sub(r"\s", "", unicodedata.normalize("NFKC", text))
        if name in ("", "全区"):
            return None
        codes = sorted(self.found.get(name, ()))
        if not codes:
            raise ValidationError(f"没有“{text[:30]}”。写村（社区）的名字，例如 水韵名都社区，或者12位代码{or_all}。")
        if len(codes) > 1:
            raise ValidationError(f"叫“{text[:30]}”的有{len(codes)}个，请写12位代码：{'、'.join(codes)}。")
        return self.rows[codes[0]]

    def say(self, codes: str) -> str:
        """The names of areas whose codes stand in a cell."""
        return "、".join(self.rows[code].short_name if code in self.rows else code for code in codes.split("、"))

    def is_foreign(self, code: str) -> bool:
        """Whether an area lies outside the districts of the user."""
        return self.districts is not None and not any(code.startswith(district[:6]) for district in self.districts)

    def whole_district(self) -> Area | None:
        """What 全区 means to the user: the installation's own district (None, as the rows have it), else their own. Raises ValidationError when they have several."""
        if self.districts is None or own_district() in self.districts:
            return None
        own = [code for code in sorted(self.districts) if code in self.rows]
        if len(own) != 1:
            raise ValidationError("这里有几个区（县），写明是哪一个的：名字或者12位代码。")
        return self.rows[own[0]]
