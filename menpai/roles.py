"""Roles are Django groups; what each may do in the admin is listed here and nowhere else. `setup_roles` writes it to the database."""

from enum import StrEnum


class Role(StrEnum):
    EDITOR = "编辑"
    REVIEWER = "审核"
    ASSISTANT = "帮办员"
    SUPERVISOR = "主管"
    ADMIN = "管理员"


def _all(app: str, *models: str) -> list[str]:
    return [f"{app}.{act}_{model}" for model in models for act in ("view", "add", "change", "delete")]


def _view(app: str, *models: str) -> list[str]:
    return [f"{app}.view_{model}" for model in models]


GUIDE_PARTS = ("fact", "statement", "material", "step", "situation", "answer", "counter")
EDITOR = [
    *(p for p in _all("guides", "guide", *GUIDE_PARTS, "notice", "jobposting", "office", "officehours", "specialday", "synonym") if p != "guides.delete_guide"),
    *_view("guides", "area", "domain", "guiderevision", "searchmiss", "refusal", "correction"),
    "guides.change_searchmiss",
    "guides.change_correction",
    *(p for p in _all("guides", "lifeevent", "lifeeventstep") if p != "guides.delete_lifeevent"),
    *_view("doorplates", "building", "doorplate"),
]

REPLIES = _all("helpdesk", "replytemplate")  # what helpers send to residents is checked by whoever checks guides

# Assistants and supervisors work at /desk/ and have no permission in the admin at all.
PERMISSIONS: dict[Role, list[str]] = {
    Role.EDITOR: EDITOR,
    Role.REVIEWER: [*EDITOR, "guides.publish_guide", "guides.verify_fact", "guides.change_domain", "guides.change_area", *REPLIES],
    Role.ASSISTANT: [],
    Role.SUPERVISOR: [],
    Role.ADMIN: [
        *EDITOR,
        "guides.publish_guide",
        "guides.verify_fact",
        "guides.delete_guide",
        "guides.delete_lifeevent",
        *_all("guides", "domain", "area", "editorposting"),
        *_all("doorplates", "building", "doorplate"),
        *_all("helpdesk", "posting", "absence", "marketday", "cover", "robot"),
        *REPLIES,
        *_view("helpdesk", "helprequest", "event", "notification", "auditentry"),
        "helpdesk.change_notification",
        *_all("auth", "user"),
        "auth.view_group",
    ],
}


def has_role(user, *roles: Role) -> bool:
    """Whether an active user is in one of the groups; asked of the database once per user object."""
    if not user.is_active:
        return False
    if not hasattr(user, "_role_names"):
        user._role_names = set(user.groups.values_list("name", flat=True))
    return bool(user._role_names.intersection(roles))
