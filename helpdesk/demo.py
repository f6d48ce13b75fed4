"""The staff of a trial site. Their address ends in DEMO_DOMAIN, by which they are told from real people with the same user name."""

from dataclasses import dataclass

from django.contrib.auth import get_user_model

from menpai.roles import Role

DEMO_DOMAIN = "@demo.invalid"  # .invalid can never receive mail (RFC 2606)


@dataclass(frozen=True)
class Account:
    username: str
    name: str
    roles: tuple[Role, ...]
    area_code: str = ""
    is_steward: bool = False
    is_superuser: bool = False

    @property
    def opens_admin(self) -> bool:
        return not {Role.ASSISTANT, Role.SUPERVISOR}.issuperset(self.roles)


DISTRICT, TOWNSHIP, ESTATE, VILLAGE = "640205000000", "640205102000", "640205102006", "640205101203"
ACCOUNTS = (
    # At the district too, so that a request which nobody below can take is seen by somebody.
    Account("admin", "演示管理员", (Role.ADMIN, Role.SUPERVISOR), DISTRICT, is_superuser=True),
    Account("bianji", "演示编辑", (Role.EDITOR,)),
    Account("shenhe", "演示审核", (Role.REVIEWER,)),
    Account("zhuli", "演示帮办员甲", (Role.ASSISTANT,), ESTATE),
    Account("zhuli2", "演示帮办员乙", (Role.ASSISTANT,), VILLAGE),
    Account("zhuguan", "演示主管", (Role.SUPERVISOR,), TOWNSHIP),
    Account("guanjia", "演示项目管家", (Role.ASSISTANT,), DISTRICT, is_steward=True),
)


def demo_users():
    """Every demo account that could sign in."""
    return get_user_model().objects.filter(email__endswith=DEMO_DOMAIN, is_active=True)
