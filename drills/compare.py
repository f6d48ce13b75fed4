"""Run beside the site, in a process with its environment: fills in helpers, and says what of a journal the database does not hold, or holds twice.

    python -m drills.compare people 4      the helpers helper0…3 of one community; prints plates, guides and helpers as JSON
    python -m drills.compare state         how many notifications are still on their way
    python -m drills.compare journal FILE  FILE holds {"items": […], "delivered": […]}; prints the findings as JSON
"""

import json
import os
import sys
from collections import Counter, defaultdict
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

COMMUNITY = "640205102006"
ALWAYS = "1234567"


def people(count: int) -> dict:
    """Helpers of one community with a phone that may ring at any hour; the password is DRILL_PASSWORD."""
    from datetime import time

    from django.contrib.auth import get_user_model
    from django.contrib.auth.hashers import make_password
    from django.contrib.auth.models import Group

    from doorplates.models import Doorplate
    from guides.models import Guide, own_district
    from helpdesk.models import ContactCard, Posting
    from menpai.roles import Role

    password, group, names = make_password(os.environ["DRILL_PASSWORD"]), Group.objects.get(name=str(Role.ASSISTANT)), []
    for number in range(count):
        user, is_new = get_user_model().objects.get_or_create(username=f"helper{number}", defaults={"password": password, "email": f"helper{number}@demo.invalid"})
        names.append(user.username)
        if is_new:
            user.groups.add(group)
            Posting.objects.create(user=user, area_id=COMMUNITY, weekdays=ALWAYS)
            ContactCard.objects.create(user=user, mobile=f"1390000{number:04d}", quiet_from=time(0), quiet_to=time(0))
    plates = Doorplate.objects.active().filter(building__community=COMMUNITY).order_by("code").values_list("code", flat=True)[:40]
    guides = Guide.objects.published().filter(district=own_district()).order_by("slug").values_list("slug", flat=True)
    return {"plates": list(plates), "guides": list(guides), "helpers": names}


def state() -> dict:
    """Rows of the outbox for staff with a phone that are not settled yet. Residents' rows may have to wait for the morning."""
    from helpdesk.models import Notification

    rows = Notification.objects.filter(state__in=("pending", "sending"), to_user__contact_card__isnull=False)
    return dict(Counter(rows.values_list("state", flat=True)))


class Findings:
    """By phase and kind: how many were acknowledged, which are missing, which are there twice."""

    def __init__(self):
        self.tried, self.missing, self.twice = Counter(), defaultdict(list), defaultdict(list)

    def tell(self, one: dict, *, is_there: bool = True, is_twice: bool = False, why: str = "") -> None:
        key = f"{one['phase']}|{one['what']}"
        self.tried[key] += 1
        if not is_there:
            self.missing[key].append(why or str(one))
        elif is_twice:
            self.twice[key].append(why or str(one))

    def as_dict(self) -> dict:
        return {"tried": dict(self.tried), "missing": dict(self.missing), "twice": dict(self.twice)}


def compare(journal: dict) -> dict:
    items = defaultdict(list)
    for one in journal["items"]:
        items[one["what"]].append(one)
    findings = Findings()
    scans(items, findings)
    requests(items, findings)
    claims(items, findings)
    messages(items, findings)
    return findings.as_dict() | {"outbox": outbox(journal.get("delivered", []))}


def scans(items: dict, findings: Findings) -> None:
    """Per plate: at least what was answered as counted, at most what was sent. Which single one is missing cannot be told, so the newest are named."""
    from django.db.models import Count

    from doorplates.models import Scan

    there = dict(Scan.objects.order_by().values_list("doorplate__code").annotate(Count("pk")))
    tried = Counter(one["code"] for one in items["scan tried"])
    answered = defaultdict(list)
    for one in items["scan"]:
        answered[one["code"]].append(one)
    for code, acknowledged in answered.items():
        lost, more = max(len(acknowledged) - there.get(code, 0), 0), max(there.get(code, 0) - tried[code], 0)
        for number, one in enumerate(reversed(acknowledged)):
            findings.tell(one, is_there=number >= lost, is_twice=number < more, why=f"{code}: {len(acknowledged)} answered, {there.get(code, 0)} there")


def requests(items: dict, findings: Findings) -> None:
    """By its number; once by its phone; with one event of its coming in and one row of the outbox for each who is to be told."""
    from django.db.models import Count

    from helpdesk.models import Event, HelpRequest, Notification
    from menpai.encryption import blind_index

    by_reference = {row["reference"]: row for row in HelpRequest.objects.values("pk", "reference", "phone_index")}
    by_phone = Counter(row["phone_index"] for row in by_reference.values())
    came_in = dict(Event.objects.filter(kind="submitted").order_by().values_list("request").annotate(Count("pk")))
    told = dict(Notification.objects.filter(kind="new").order_by().values_list("request").annotate(Count("pk")))
    received = dict(Notification.objects.filter(kind="received").order_by().values_list("request").annotate(Count("pk")))
    for one in items["request"]:
        row = by_reference.get(one["reference"])
        key, phone = row and row["pk"], blind_index(one["phone"])
        is_whole = row is not None and row["phone_index"] == phone and came_in.get(key) == 1 and received.get(key) == 1 and told.get(key, 0) >= 1
        why = f"events {came_in.get(key)}, outbox {told.get(key)} and {received.get(key)}" if row else "no such number"
        findings.tell(one, is_there=is_whole, is_twice=by_phone[phone] > 1, why=why)
    acknowledged = {one["phone"] for one in items["request"]}
    for one in items["request tried"]:
        if one["phone"] not in acknowledged and by_phone[blind_index(one["phone"])] > 1:
            findings.tell(one, is_twice=True)


def claims(items: dict, findings: Findings) -> None:
    """One owner, the one who was told so, by one event; a close that was acknowledged, once."""
    from django.db.models import Count

    from helpdesk.models import Event, HelpRequest

    owners = dict(HelpRequest.objects.values_list("reference", "owner__username"))
    states = dict(HelpRequest.objects.values_list("reference", "state"))
    counts = {
        kind: dict(Event.objects.filter(kind=kind).order_by().values_list("request__reference").annotate(Count("pk"))) for kind in ("claimed", "closed")
    }
    for one in items["claim"]:
        reference = one["reference"]
        why = f"{one['by']} was told so, it is {owners.get(reference)}'s by {counts['claimed'].get(reference)} claims"
        findings.tell(one, is_there=owners.get(reference) == one["by"], is_twice=counts["claimed"].get(reference) != 1, why=why)
    for one in items["close"]:
        findings.tell(one, is_there=states.get(one["reference"]) == "closed", is_twice=counts["closed"].get(one["reference"]) != 1)


def messages(items: dict, findings: Findings) -> None:
    """Once each; what nobody was told of at most once."""
    from helpdesk.models import Message

    there = Counter((row.request.reference, row.text) for row in Message.objects.select_related("request"))
    for one in items["message"]:
        number = there[one["reference"], one["text"]]
        findings.tell(one, is_there=number > 0, is_twice=number > 1, why=f"{one['sender']}'s message is there {number} times")
    known = {(one["reference"], one["text"]) for one in items["message"]}
    for one in items["message tried"]:
        pair = (one["reference"], one["text"])
        if pair not in known and there[pair] > 1:
            findings.tell(one, is_twice=True, why=f"a message is there {there[pair]} times")


def outbox(delivered: list[str]) -> dict:
    """Each message that the database holds as sent, beside what arrived outside under its id."""
    from django.conf import settings

    from helpdesk.models import Notification

    together = defaultdict(list)
    for pk, lease in Notification.objects.filter(state="sent").order_by("pk").values_list("pk", "lease"):
        together[lease].append(str(pk))
    ids = {str(uuid5(NAMESPACE_URL, f"{settings.SITE_URL}/notifications/{','.join(keys)}")) for keys in together.values()}
    arrived = Counter(delivered)
    states = Counter(Notification.objects.filter(to_user__contact_card__isnull=False).values_list("state", flat=True))
    again = sum(count - 1 for count in arrived.values())
    return {"messages": len(ids), "missing": len(ids - set(arrived)), "again": again, "other": len(set(arrived) - ids), "states": dict(states)}


def main(what: str, *arguments: str) -> None:
    import django

    django.setup()
    found = {"people": lambda count: people(int(count)), "state": state, "journal": lambda path: compare(json.loads(Path(path).read_text(encoding="utf-8")))}
    sys.stdout.write(json.dumps(found[what](*arguments), ensure_ascii=False))


if __name__ == "__main__":
    main(*sys.argv[1:])
