import pytest

from tests import people


@pytest.fixture
def zhuli(client):
    """朱丽 signed in; 小赵 works beside her."""
    user = people.zhuli()
    people.xiaozhao()
    client.force_login(user)
    return user


@pytest.fixture
def private(tmp_path, settings):
    """An empty disk for the photos of this test. Returns its folder."""
    disk = settings.PRIVATE_DISK | {"OPTIONS": settings.PRIVATE_DISK["OPTIONS"] | {"location": tmp_path / "attachments"}}
    settings.STORAGES = settings.STORAGES | {"private": disk}
    return tmp_path / "attachments"
