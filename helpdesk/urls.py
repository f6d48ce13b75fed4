"""/help/ for residents, /desk/ for staff; mounted separately by menpai.urls."""

from django.contrib.auth import views as auth_views
from django.urls import path

from helpdesk.views import (
    account,
    complain,
    files,
    follow,
    for_parent,
    handbook,
    mandate,
    me,
    mine,
    overview,
    plates,
    queue,
    request,
    resident,
    roster,
    visits,
)
from helpdesk.views.figures import figures
from helpdesk.views.sign_in import SignIn

resident_patterns = (
    [
        path("", resident.find, name="find"),
        path("new/", resident.new, name="new"),
        path("callback/", resident.callback, name="callback"),
        path("complain/", complain.complain, name="complain"),
        path("for-parent/", for_parent.for_parent, name="for-parent"),
        path("erased/", mine.erased, name="erased"),
        path("<str:reference>/", follow.follow, name="follow"),
        path("<str:reference>/mine/", mine.mine, name="mine"),
        path("<str:reference>/visit.ics", visits.calendar_of_resident, name="calendar"),
        path("<str:reference>/paper/<int:paper>/", files.resident_paper, name="paper"),
        path("<str:reference>/file/<uuid:key>/", files.resident_file, name="file"),
    ],
    "help",
)

desk_patterns = (
    [
        path("login/", SignIn.as_view(), name="login"),
        path("logout/", auth_views.LogoutView.as_view(), name="logout"),
        path("account/", account.account, name="account"),
        path("account/sign-out/", account.sign_out, name="sign-out"),
        path("account/code/", account.code, name="code"),
        path("account/set-up/", account.set_up, name="set-up"),
        path("account/new-phone/", account.replace, name="replace"),
        path("account/codes/", account.codes, name="codes"),
        path("account/password/", account.Password.as_view(), name="password"),
        path("", queue.queue, name="queue"),
        path("new/", queue.log, name="log"),
        path("me/", me.me, name="me"),
        path("handbook/", handbook.handbook, name="handbook"),
        path("next/", queue.claim_next, name="next"),
        path("roster/", roster.roster, name="roster"),
        path("roster/<int:key>/end/", roster.end, name="absence-end"),
        path("roster/hand-over/", roster.hand_over, name="roster-hand-over"),
        path("overview/", overview.overview, name="overview"),
        path("overview/hand-over/", overview.hand_over, name="overview-hand-over"),
        path("overview/export/", overview.export, name="overview-export"),
        path("overview/<slug:what>/", overview.listing, name="overview-list"),
        path("figures/", figures, name="figures"),
        path("visits/", visits.day, name="visits"),
        path("<str:reference>/visit.ics", visits.calendar_of_desk, name="calendar"),
        path("<str:reference>/mandates/<int:key>/", mandate.paper, name="mandate"),
        path("plates/", plates.plates, name="plates"),
        path("plates/entrances/", plates.entrances, name="entrances"),
        path("plates/<str:code>/", plates.plate, name="plate"),
        path("live/", queue.queue_live, name="queue_live"),
        path("live/<str:reference>/", request.detail_live, name="detail_live"),
        path("<str:reference>/", request.detail, name="detail"),
        path("<str:reference>/paper/<int:paper>/", files.desk_paper, name="paper"),
        path("<str:reference>/file/<uuid:key>/", files.desk_file, name="file"),
        path("<str:reference>/<slug:act>/", request.act, name="act"),
    ],
    "desk",
)
