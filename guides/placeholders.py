"""Gaps that somebody meant to fill: XX, 待补, 某某路, a sample telephone number. Pure.

Each pattern leaves out what is right in a guide (等待补贴, 二〇〇五年, 国办发［2019］11号); the 179 real guides prove it (tests/guides/test_health.py).
"""

import re

_GAPS = [re.compile(pattern) for pattern in (
    r"(?<![A-Za-z])[XxＸｘ×✕]{2,}(?![A-Za-z])",
    r"(?<![A-Za-z0-9])[XＸ×](?=[年月日号元个路街楼室镇村])",
    r"(?<![一二三四五六七八九十零\d])[○〇□△＊*]{2,}(?![一二三四五六七八九十零\d])",
    r"(?<![等期对接招款])待补(?![贴助偿正办缴发录领交报齐])",
    r"(?<![等期对])待(?:定(?![点期向价岗])|填|完善|添加|录入|确认填)",
    r"(?i:\b(?:todo|tbd|fixme|lorem ipsum)\b)",
    r"［(?!\d{4}］)[^］]*］",
    r"\[(?!\d)[^\]]{0,16}\]",
    r"[（(]\s*[）)]",
    r"【\s*】",
    r"[{｛][^}｝]{0,20}[}｝]",
    r"[_＿]{2,}",
    r"[?？]{2,}",
    r"某某|某(?=路|街|巷|村|镇|小区|社区|局)",
    r"[赵钱孙李周吴郑王张刘陈杨马黄]某(?![些种个项一类人天日年])",
    r"示例(?:电话|地址|号码|文字|内容)|占位|此处(?:填|写|补|插)",
    r"(?i:example\.(?:com|org|cn))",
    # telephone numbers that nobody has
    r"(?<![\d.])0000",
    r"(?<!\d)(?:0\d{2,3}[-－ ]?)?(\d)\1{6,7}(?!\d)",
    r"(?<!\d)1[3-9](\d)\1{8}(?!\d)",
    r"(?<!\d)(?:0\d{2,3}[-－ ]?)?1234567[89]?(?!\d)",
    r"(?<!\d)1380013800\d(?!\d)|(?<!\d)1[3-9]\d12345678(?!\d)",
)]  # fmt: skip
_NOTHING = {"略", "无", "暂无", "同上", "测试", "test", "-", "—", "——", "/", "、", "待", "空"}  # as the whole of a passage


def gap(text: str) -> str:
    """The first gap of a text, as it stands there; empty when there is none."""
    if text.strip(" 。.").lower() in _NOTHING:
        return text.strip()
    found = [match for pattern in _GAPS if (match := pattern.search(text))]
    return min(found, key=lambda match: match.start())[0] if found else ""
