import pytest

from tests import people


@pytest.fixture
def zhuli(client):
    """朱丽 signed in; 小赵 works beside her."""
    user = people.zhuli()
    people.xiaozhao()
    client.force_login(user)
    return user
