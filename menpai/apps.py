from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig


class MenpaiConfig(AppConfig):
    name = "menpai"
    verbose_name = "系统"


class BackOfficeConfig(AdminConfig):
    default_site = "menpai.back_office.BackOffice"
