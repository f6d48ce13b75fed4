from django.urls import path, re_path

from doorplates import views, views_report

urlpatterns = [
    # What the QR holds is upper case; what people type is not.
    re_path(r"^[Dd]/(?P<code>[^/]{1,40})/?$", views.plate, name="plate"),
    re_path(r"^[Dd]/(?P<code>[^/]{1,40})/report/$", views_report.report, name="report"),
    path("verify/", views.verify, name="verify"),
]
