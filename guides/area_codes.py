"""How the official 12-digit codes nest: 6 digits a district, 9 a township, 12 a community."""

from guides.models import Level

DIGITS = {Level.DISTRICT: 6, Level.TOWNSHIP: 9, Level.COMMUNITY: 12}
ABOVE = {Level.TOWNSHIP: Level.DISTRICT, Level.COMMUNITY: Level.TOWNSHIP}


def parent_code(code: str, level: str) -> str:
    """The code of the area above; empty for a district."""
    return code[: DIGITS[ABOVE[level]]].ljust(12, "0") if level in ABOVE else ""


def code_problem(code: str, level: str) -> str:
    """A sentence when a code cannot be of that level; empty when it can."""
    if len(code) != 12 or not (code.isascii() and code.isdecimal()):
        return "区划代码是12位数字。"
    if level not in DIGITS:
        return f"级别写 district、township 或 community，不是“{level}”。"
    if code[DIGITS[level] :].strip("0"):
        return f"{Level(level).label}的代码，第{DIGITS[level]}位以后都是0。"
    if level in ABOVE and not code[DIGITS[ABOVE[level]] : DIGITS[level]].strip("0"):
        return f"这个代码不像{Level(level).label}，像它的上级。"
    return ""
