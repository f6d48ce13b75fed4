from django.http import HttpResponse
from django.urls import path

from menpai import urls

urlpatterns = [path("empty/", lambda request: HttpResponse("ok")), *urls.urlpatterns]
handler404 = urls.handler404
