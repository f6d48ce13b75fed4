"""Sessions that know whose they are (SESSION_ENGINE): Django's in the database, extended the documented way, so that they can be listed and ended."""

from datetime import date

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.utils import timezone

DEVICE, SINCE = "device", "since"  # kept in the session by helpdesk.gate, written into the row's own columns here

# In this order: an Android tablet calls itself Linux too, and an iPad may call itself a Mac.
MACHINES = (
    ("iPad", "苹果平板"), ("iPhone", "苹果手机"), ("OpenHarmony", "鸿蒙设备"), ("Windows", "Windows电脑"), ("Macintosh", "苹果电脑"), ("Linux", "Linux电脑"),
)  # fmt: skip
PROGRAMS = (("MicroMessenger", "微信"), ("DingTalk", "钉钉"))


def in_words(user_agent: str) -> str:
    """安卓平板上的浏览器: what the User-Agent says of the machine, as one would tell it to a colleague. 一台设备 when it says nothing known."""
    program = next((name for mark, name in PROGRAMS if mark in user_agent), "浏览器")
    if "Android" in user_agent:
        return f"{'安卓手机' if 'Mobile' in user_agent else '安卓平板'}上的{program}"
    machine = next((name for mark, name in MACHINES if mark in user_agent), "")
    return f"{machine}上的{program}" if machine else "一台设备"


class SessionStore(DatabaseStore):
    @classmethod
    def get_model_class(cls):
        from helpdesk.models import StaffSession

        return StaffSession

    found = None  # what the look at the database brought along (signed_in.Found)

    def _get_session_from_db(self):
        from helpdesk.signed_in import look

        self.found = look(self.session_key)
        if self.found is None or self.found.session.expire_date <= timezone.now():
            self._session_key = None
            return None
        row, today = self.found.session, timezone.localdate()
        if row.last_on != today:  # one write a day, not one a page
            self.model.objects.filter(pk=row.pk).update(last_on=today)
        return row

    def create_model_instance(self, data):
        row = super().create_model_instance(data)
        row.user_id = int(data[SESSION_KEY]) if SESSION_KEY in data else None
        row.device = data.get(DEVICE, "")
        if SINCE in data:
            row.first_on = date.fromisoformat(data[SINCE])
        return row
