"""Resident pages of guides. menpai.urls mounts them four times: plain, from a community, and both again as 长辈版."""

from django.urls import path

from guides import views, views_ask, views_board, views_enterprise, views_events, views_printed, views_ready, views_wrong

urlpatterns = [
    path("", views.home, name="home"),
    path("guides/", views.guide_list, name="list"),
    path("guides/<str:slug>/", views.guide, name="guide"),
    path("guides/<str:slug>/ready/", views_ready.ready, name="ready"),
    path("guides/<str:slug>/wrong/", views_wrong.wrong, name="wrong"),
    path("guides/wrong/<str:code>/", views_wrong.answer, name="wrong-answer"),
    path("sheet/<str:slug>/<int:number>/", views_printed.sheet, name="sheet"),
    path("events/", views_events.event_list, name="events"),
    path("events/<str:slug>/", views_events.event, name="event"),
    path("notices/", views_board.notices, name="notices"),
    path("notices/<int:pk>/", views_board.notice, name="notice"),
    path("jobs/", views_board.jobs, name="jobs"),
    path("jobs/<int:pk>/", views_board.job, name="job"),
    path("enterprise/", views_enterprise.enterprise, name="enterprise"),
    path("ask/", views_ask.ask, name="ask"),
    path("areas/", views.areas, name="areas"),
]
