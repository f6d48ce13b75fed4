"""Resident pages of guides. menpai.urls mounts them four times: plain, from a community, and both again as 长辈版."""

from django.urls import path

from guides import views, views_events

urlpatterns = [
    path("", views.home, name="home"),
    path("guides/", views.guide_list, name="list"),
    path("guides/<str:slug>/", views.guide, name="guide"),
    path("events/", views_events.event_list, name="events"),
    path("events/<str:slug>/", views_events.event, name="event"),
    path("notices/", views.notices, name="notices"),
    path("notices/<int:pk>/", views.notice, name="notice"),
    path("jobs/", views.jobs, name="jobs"),
    path("areas/", views.areas, name="areas"),
]
