from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from helpdesk.urls import desk_patterns, resident_patterns
from menpai import health, offline
from menpai.api import api

# The same resident pages under every viewpoint: area and 长辈版 are in the address, so that any cache keeps them apart.
AREA = "c/<str:area_code>/"
ELDER = {"elder": True}

urlpatterns = [
    path("healthz/", health.healthz),
    path("readyz/", health.readyz),
    path("sw.js", offline.worker),
    path("api/", api.urls),
    path("admin/password_change/", RedirectView.as_view(pattern_name="desk:password")),  # one page for one's own password
    path("admin/password_change/done/", RedirectView.as_view(pattern_name="desk:account")),  # Django's own may be kept by a cache, with a name on it
    path("admin/", admin.site.urls),
    path("desk/", include(desk_patterns)),
    path("help/", include(resident_patterns)),
    path("", include(("doorplates.urls", "doorplates"))),
    path("", include(("guides.urls", "guides"))),
    path(AREA, include(("guides.urls", "area"))),
    path("elder/help/", include((resident_patterns[0], "elder-help")), ELDER),
    path("elder/", include(("doorplates.urls", "elder-plates")), ELDER),
    path("elder/", include(("guides.urls", "elder")), ELDER),
    path("elder/" + AREA, include(("guides.urls", "elder-area")), ELDER),
]

handler404 = "menpai.errors.not_found"
handler500 = "menpai.errors.server_error"
