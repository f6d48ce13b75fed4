"""Open data of plates: whether a code is genuine and current, and for which area. Neither the building nor the entrance; asking is no scan."""

from typing import Annotated

from django.http import Http404
from ninja import Path, Router

from doorplates import codes
from doorplates.access import find_plate
from doorplates.models import PlateState
from guides.api import READ
from guides.api_shapes import Problem, Shape, coded, said
from guides.site_words import words_for

Typed = Annotated[str, Path(description="门牌上的8位编号。大小写、空格都不要紧，看错的字母（O和0、I和1）也认。")]

router = Router(tags=["门牌"])


class PlateArea(Shape):
    code: said("村（社区）的12位代码。")
    name: said("村（社区）的名称。")


class PlateAnswer(Shape):
    code: said("编号，按门牌上印的写法。")
    state: coded("状态", PlateState)
    area: PlateArea


@router.api_operation(
    READ, "/doorplates/{code}", response={200: PlateAnswer, 404: Problem}, operation_id="read_doorplate", summary="门牌真不真、还用不用"
)
def read_doorplate(request, code: Typed):
    plate = find_plate(code)
    if plate is None and codes.is_valid(codes.normalise(code)):
        raise Http404(f"没有这个编号的门牌。门牌可能是假的，请拨打{words_for(None).hotline}问一问。")
    if plate is None:
        raise Http404("编号不对，请照着门牌上的8位编号再输一遍。")
    area = plate.building.community
    return {"code": plate.code, "state": plate.state, "area": {"code": area.code, "name": area.name}}
