"""Open data under /api/: mounts the rooms' routers and says what holds for every answer. The description is /api/openapi.json.

There is no page that shows the description: the one that comes with the library loads its scripts from elsewhere.
"""

import logging
from functools import wraps

from django.conf import settings
from django.http import Http404
from django.utils.cache import patch_cache_control
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe
from ninja import NinjaAPI, Router
from ninja.errors import ValidationError
from ninja.renderers import JSONRenderer

from doorplates.api import router as doorplates_router
from guides.api import READ, areas_router
from guides.api import router as guides_router

log = logging.getLogger(__name__)

DESCRIPTION = (
    "办事指南、区划和门牌的开放数据：只能读，不用登录，不用密钥，里面没有任何个人信息。"
    "每一条内容都带着出处（mark、source）和谁在哪天核实（verified_by、verified_on）；没有核实的，请以窗口答复为准。"
    "出错时回答 {\"detail\": \"一句话\"}。"
)
NO_SUCH_ADDRESS = "没有这个地址。有哪些，请看 /api/openapi.json。"


class PlainChinese(JSONRenderer):
    json_dumps_params = {"ensure_ascii": False}  # half the bytes, and readable in any window


class OpenData(NinjaAPI):
    """Every operation answers HEAD as well; the description names GET alone, because an operation may have only one name there."""

    def get_openapi_schema(self, **where):
        schema = super().get_openapi_schema(**where)
        for methods in schema["paths"].values():
            methods.pop("head", None)
        return schema


def open_to_all(view):
    """Any site may read the answer and any cache may keep it for a minute; a refusal is not kept."""

    @wraps(view)
    def answer(request, *args, **kwargs):
        response = view(request, *args, **kwargs)
        response["Access-Control-Allow-Origin"] = "*"
        if response.status_code == 200:
            patch_cache_control(response, public=True, max_age=60, stale_while_revalidate=30)
        else:
            patch_cache_control(response, no_store=True)
        return response

    return answer


api = OpenData(
    title=f"{settings.SITE_NAME}开放数据",
    version="1.0.0",
    description=DESCRIPTION,
    urls_namespace="api",
    openapi_url="/openapi.json",
    docs_url=None,
    renderer=PlainChinese(),
    docs_decorator=lambda view: csrf_exempt(require_safe(open_to_all(view))),
    servers=[{"url": settings.SITE_URL}],
)
api.add_decorator(open_to_all, mode="view")
for room in (guides_router, areas_router, doorplates_router):
    api.add_router("/v1", room)

elsewhere = Router()


@elsewhere.api_operation(READ, "/{path:rest}", include_in_schema=False)
def no_such_address(request, rest: str):
    raise Http404(NO_SUCH_ADDRESS)


@elsewhere.api_operation(READ, "", include_in_schema=False)
def no_front_page(request):
    raise Http404(NO_SUCH_ADDRESS)


api.add_router("", elsewhere)  # last, so that whatever the rooms do not know is refused in JSON too


def _say(request, sentence: str, status: int):
    return api.create_response(request, {"detail": sentence}, status=status)


@api.exception_handler(Http404)
def not_found(request, error):
    return _say(request, str(error), 404)


@api.exception_handler(ValidationError)
def not_understood(request, error):
    names = "、".join(dict.fromkeys(str(part["loc"][-1]) for part in error.errors))
    return _say(request, f"{names} 写得不对，请照 /api/openapi.json 里的说明改。", 422)


@api.exception_handler(Exception)
def failed(request, error):
    log.error("an answer of the open data failed: %s", request.path, exc_info=error)
    return _say(request, f"服务出了点问题，请过一会儿再试。急着办事请拨打{settings.HOTLINE}。", 500)
