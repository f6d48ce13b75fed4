from django.apps import AppConfig


class MenpaiConfig(AppConfig):
    name = "menpai"
    verbose_name = "系统"
