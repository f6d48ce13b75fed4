from django.apps import AppConfig


class HelpdeskConfig(AppConfig):
    name = "helpdesk"
    verbose_name = "诉求和帮办"

    def ready(self):
        from helpdesk import checks  # noqa: F401  (registers itself)
