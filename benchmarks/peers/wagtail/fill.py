"""Fill the peer's site: python fill.py CONTENT.json. The page's parts are those of our own page, given by benchmarks/wagtail.py."""

import json
import os
import sys
from pathlib import Path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings")
import django

django.setup()

from django.core.management import call_command  # noqa: E402
from guidesite.models import Contact, GuidePage  # noqa: E402
from wagtail.models import Page, Site  # noqa: E402

call_command("migrate", verbosity=0)
given = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
root = Page.get_first_root_node()
Page.objects.filter(depth=2).delete()
home = root.__class__.objects.get(pk=root.pk).add_child(instance=Page(title="办事指南", slug="guides"))
Site.objects.all().delete()
Site.objects.create(hostname="127.0.0.1", port=80, root_page=home, is_default_site=True, site_name="数字政务门牌")
for number, (slug, title) in enumerate(given["titles"]):
    body = [{"type": "section", "value": section} for section in given["sections"]] if number == 0 else []
    page = GuidePage(title=title, slug=slug, official=given["official"], answer=given["answer"], body=body)
    page.contacts = [Contact(name=name, phone=phone) for name, phone in given["contacts"]]
    home.add_child(instance=page)
    page.save_revision().publish()
