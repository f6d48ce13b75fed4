import pytest
from django.contrib.auth.models import Group, Permission
from django.core.management import call_command

from menpai.roles import PERMISSIONS, Role, has_role
from tests import people


def test_setup_makes_each_group_with_exactly_its_permissions(roles):
    for role, names in PERMISSIONS.items():
        group = Group.objects.get(name=str(role))
        written = {f"{p.content_type.app_label}.{p.codename}" for p in group.permissions.select_related("content_type")}
        assert written == set(names)


def test_setup_again_takes_away_what_was_added_by_hand(roles):
    Group.objects.get(name=str(Role.EDITOR)).permissions.add(Permission.objects.get(codename="view_helprequest"))
    call_command("setup_roles", verbosity=0)
    assert not Group.objects.get(name=str(Role.EDITOR)).permissions.filter(codename="view_helprequest").exists()


@pytest.mark.parametrize("role", [Role.EDITOR, Role.REVIEWER, Role.ASSISTANT, Role.SUPERVISOR])
def test_only_the_administrator_may_read_requests_or_accounts_in_the_admin(role):
    found = [name for name in PERMISSIONS[role] if name.startswith(("helpdesk.", "auth."))]
    assert [name for name in found if not name.endswith("_replytemplate")] == []  # the words that helpers often send hold nobody's data


@pytest.mark.parametrize("person", [people.zhuli, people.zhuguan])
def test_the_desk_people_cannot_open_the_admin(db, client, person):
    client.force_login(person())
    response = client.get("/admin/")
    assert (response.status_code, response["Location"]) == (302, "/admin/login/?next=/admin/")


def test_even_a_staff_flag_set_by_mistake_opens_no_table_to_an_assistant(db, client):
    zhuli = people.zhuli()
    zhuli.is_staff = True
    zhuli.save()
    client.force_login(zhuli)
    assert client.get("/admin/helpdesk/helprequest/").status_code == 403
    assert client.get("/admin/guides/guide/").status_code == 403


def test_an_editor_keeps_guides_and_cannot_read_requests(db, client):
    client.force_login(people.bianji())
    assert client.get("/admin/guides/guide/").status_code == 200
    assert client.get("/admin/helpdesk/helprequest/").status_code == 403
    assert client.get("/admin/auth/user/").status_code == 403


def test_a_deactivated_person_has_no_role(db):
    zhuli = people.zhuli()
    zhuli.is_active = False
    assert has_role(zhuli, Role.ASSISTANT) is False
