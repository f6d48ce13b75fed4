"""The bureau's back office: Django's admin, its first page in the order an editor works in, and above it what waits for somebody."""

from collections.abc import Callable
from dataclasses import dataclass

from django.contrib.admin import AdminSite
from django.template.response import TemplateResponse
from django.urls import path, reverse

# Every registered model stands in one group, in the order of the day; a test fails on one that does not.
GROUPS: dict[str, tuple[str, ...]] = {
    "办事指南": (
        "guides.Guide", "guides.Correction", "guides.SearchMiss", "guides.Refusal", "guides.LifeEvent", "guides.Synonym", "guides.Domain",
    ),
    "地点和日子": ("guides.Office", "guides.Area", "guides.SpecialDay", "guides.District"),
    "看数": ("guides.DayFigure",),
    "政策和招聘": ("guides.Notice", "guides.JobPosting"),
    "门牌": ("doorplates.Building", "doorplates.Doorplate", "doorplates.PlateReport", "doorplates.Coverage"),
    "诉求和帮办": (
        "helpdesk.HelpRequest", "helpdesk.ReplyTemplate", "helpdesk.Posting", "helpdesk.Absence", "helpdesk.Cover", "helpdesk.MarketDay",
        "helpdesk.Robot", "helpdesk.Notification",
    ),
    "网站运行": (),
    "账号和记录": ("auth.User", "auth.Group", "helpdesk.AuditEntry", "helpdesk.Event"),
}  # fmt: skip


NAMES = {"auth.User": "账号", "auth.Group": "角色"}  # Django's own models, called as we call them


@dataclass(frozen=True)
class Page:
    """A page of the back office that is no list of a model: where it stands, and which permission opens it.

    One whose address is not a model admin's brings its own `route` and `view`, which is given the request.
    """

    group: str
    name: str
    url_name: str
    permission: str
    route: str = ""
    view: Callable | None = None


@dataclass(frozen=True)
class Todo:
    """So many things of one kind wait for this user. Shown only when there are any."""

    count: int
    words: str  # 份指南等您审
    address: str


class BackOffice(AdminSite):
    def __init__(self, name: str = "admin"):
        super().__init__(name)
        self.pages: list[Page] = []
        self.todos: list[Callable[[object], list[Todo]]] = []  # each is given the user

    def get_app_list(self, request, app_label=None):
        if app_label is not None:
            return super().get_app_list(request, app_label)
        models = {(label := model["model"]._meta.label): model | {"name": NAMES.get(label, model["name"])} for app in super().get_app_list(request) for model in app["models"]}
        groups = [(name, [models[label] for label in labels if label in models]) for name, labels in GROUPS.items()]
        return [
            {"name": name, "app_label": f"group-{number}", "app_url": f"{reverse('admin:index')}#group-{number}", "has_module_perms": True, "models": shown}
            for number, (name, found) in enumerate(groups, start=1)
            if (shown := [*found, *self._pages_of(name, request.user)])
        ]

    def _pages_of(self, group: str, user) -> list[dict]:
        pages = [page for page in self.pages if page.group == group and user.has_perm(page.permission)]
        return [
            {"name": page.name, "object_name": page.url_name.rpartition(":")[2], "admin_url": reverse(page.url_name), "add_url": None, "view_only": True}
            for page in pages
        ]

    def index(self, request, extra_context=None):
        todos = [todo for found in self.todos for todo in found(request.user) if todo.count]
        return super().index(request, {"todos": todos, "title": "今天", **(extra_context or {})})

    def get_urls(self):
        own = [path(page.route, self.admin_view(page.view), name=page.url_name.rpartition(":")[2]) for page in self.pages if page.view]
        return [path("handbook/", self.admin_view(self.handbook), name="handbook"), *own, *super().get_urls()]

    def handbook(self, request):
        """The editor's handbook, to read and to print."""
        return TemplateResponse(request, "admin/handbook.html", {**self.each_context(request), "title": "编辑手册"})


class LookOnly:
    """For a ModelAdmin whose rows come from elsewhere: nobody adds, changes or deletes them here, not even a superuser."""

    def has_add_permission(self, request, obj=None):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False
