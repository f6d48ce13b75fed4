from django.conf import settings
from django.contrib import admin

from guides.admin import board, events, experience, guide, places, wording

__all__ = ["board", "events", "experience", "guide", "places", "wording"]

# The sign-in page has a `site` of its own, so the name does not come from the context there.
admin.site.site_header = admin.site.site_title = f"{settings.SITE_NAME}后台"
