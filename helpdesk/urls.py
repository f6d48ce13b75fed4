"""/help/ for residents, /desk/ for staff; mounted separately by menpai.urls."""

from django.contrib.auth import views as auth_views
from django.urls import path

from helpdesk.views import follow, me, queue, resident
from helpdesk.views.sign_in import SignIn

resident_patterns = (
    [
        path("", resident.find, name="find"),
        path("new/", resident.new, name="new"),
        path("callback/", resident.callback, name="callback"),
        path("complain/", resident.complain, name="complain"),
        path("<str:reference>/", follow.follow, name="follow"),
    ],
    "help",
)

desk_patterns = (
    [
        path("login/", SignIn.as_view(), name="login"),
        path("logout/", auth_views.LogoutView.as_view(), name="logout"),
        path("", queue.queue, name="queue"),
        path("new/", queue.log, name="log"),
        path("me/", me.me, name="me"),
        path("<str:reference>/", queue.detail, name="detail"),
        path("<str:reference>/<slug:act>/", queue.act, name="act"),
    ],
    "desk",
)
