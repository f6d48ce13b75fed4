from django.urls import path, re_path

from doorplates import views

urlpatterns = [
    # What the QR holds is upper case; what people type is not.
    re_path(r"^[Dd]/(?P<code>[^/]{1,40})/?$", views.plate, name="plate"),
    path("verify/", views.verify, name="verify"),
]
