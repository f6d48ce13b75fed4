from django.conf import settings
from django.contrib import admin

from guides.admin import board, events, experience, guide, places, wording
from guides.admin.waiting import waiting
from menpai.back_office import Page

__all__ = ["board", "events", "experience", "guide", "places", "wording"]

# The sign-in page has a `site` of its own, so the name does not come from the context there.
admin.site.site_header = admin.site.site_title = f"{settings.SITE_NAME}后台"
admin.site.todos.append(waiting)
admin.site.pages += [
    Page("办事指南", "内容体检", "admin:guides_guide_health", "guides.view_guide"),
    Page("办事指南", "内容包", "admin:guides_guide_packs", "guides.view_guide"),
]
