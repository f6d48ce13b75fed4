"""马奶奶, 80, alone at the door of her building: two taps to a callback, one question at a time, and the page read to her."""

import pytest
from playwright.sync_api import expect

from helpdesk.models import NO_NAME, HelpRequest
from tests.factories import SHUIYUN
from tests.journeys.scene import title_of
from tests.people import zhuli

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]


def test_two_taps_from_the_plate_to_a_callback_without_a_script(town, person):
    zhuli()
    page = person(javascript=False)
    page.goto(f"/D/{town[0].code}")
    page.get_by_role("link", name="长辈版").click()
    page.get_by_role("link", name="请人给我打电话").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("请人给我打电话")
    page.get_by_label("您的电话").fill("１３８００１３８０００")
    page.get_by_label("我看了，同意").check()
    page.get_by_role("button", name="请给我打电话").click()
    page.wait_for_url("**/elder/help/*/?new=1")
    asked = HelpRequest.objects.get()
    assert (asked.name, asked.phone, asked.area_id, asked.doorplate) == (NO_NAME, "13800138000", SHUIYUN, town[0])
    expect(page.locator(".number-big")).to_have_text(asked.spoken_reference)
    expect(page.locator("main")).to_contain_text("已经交给水韵名都社区的帮办员")


def test_the_call_is_on_the_first_screen_of_every_page(town, person):
    page = person()
    for address in (f"/D/{town[0].code}", "/", "/guides/", "/guides/?topic=huji", "/guides/minzheng-005/", "/guides/huji-006/?step=bring", "/areas/", "/help/new/"):
        page.goto(f"/elder{address}")
        call = page.locator("nav.bar").get_by_role("link", name="12345").bounding_box()
        assert (call["height"] >= 60, call["y"] + call["height"] <= 740) == (True, True), address


@pytest.mark.parametrize("javascript", [True, False], ids=["javascript", "plain html"])
def test_one_question_at_a_time_with_the_browsers_own_way_back(town, person, javascript):
    page = person(javascript=javascript)
    page.goto(f"/elder/help/new/?guide=minzheng-005&area={SHUIYUN}")

    def sees(*labels):
        fields = page.locator("form.asking").locator("input:visible, select:visible, textarea:visible")
        expect(fields).to_have_count(len(labels))
        for label in labels:
            expect(page.get_by_label(label)).to_be_visible()

    sees("您的电话")
    page.get_by_label("您的电话").fill("1380013")
    page.get_by_role("link", name="下一步").click()
    sees("怎么称呼您")
    page.get_by_label("怎么称呼您").fill("马奶奶")
    page.go_back()
    sees("您的电话")
    expect(page.get_by_label("您的电话")).to_have_value("1380013")
    page.go_forward()
    expect(page.get_by_label("怎么称呼您")).to_have_value("马奶奶")
    page.get_by_role("link", name="下一步").click()
    page.get_by_label("还想说什么").fill("耳朵背")
    page.get_by_role("link", name="上一步").click()
    sees("怎么称呼您")
    page.get_by_role("link", name="下一步").click()
    page.get_by_role("link", name="下一步").click()
    sees("我看了，同意")
    page.get_by_label("我看了，同意").check()
    page.get_by_role("link", name="还想挑一下怎么帮").click()
    page.get_by_label("上门办").check()
    page.get_by_role("link", name="下一步").click()
    sees("什么时候给您打电话")
    page.get_by_role("link", name="下一步").click()
    sees("我是替家里人问的", "您是他（她）的什么人")
    page.get_by_role("link", name="下一步").click()
    page.get_by_role("button", name="提交").click()
    expect(page.get_by_role("alert")).to_contain_text("手机是11位数字")
    sees("您的电话")
    page.get_by_label("您的电话").fill("13800138000")
    page.get_by_label("您的电话").press("Enter")  # in the middle: leads on
    sees("我看了，同意")
    expect(page.get_by_role("alert")).to_have_count(0)
    page.get_by_role("button", name="提交").click()
    page.wait_for_url("**/?new=1")
    asked = HelpRequest.objects.get()
    assert (asked.name, asked.phone, asked.note, asked.kind, asked.guide.slug) == ("马奶奶", "13800138000", "耳朵背", "home", "minzheng-005")


def test_a_village_is_chosen_in_two_steps(town, person):
    page = person(javascript=False)
    page.goto("/elder/guides/minzheng-005/?step=where")
    page.get_by_role("link", name="选您的村（社区）").click()
    page.get_by_role("link", name="园艺镇").click()
    page.get_by_role("link", name="水韵名都社区").click()
    assert page.url.endswith(f"/elder/c/{SHUIYUN}/guides/minzheng-005/")
    expect(page.get_by_role("heading", level=1)).to_have_text(title_of("minzheng-005"))


# ---- read aloud. Headless Chromium has no voice of its own: the voice is ours, everything else is the page's.

VOICE = """(() => {
    const spoken = [], heard = [];
    let voices = %s;
    window.spoken = spoken;
    window.finish = () => { const one = heard.pop(); if (one) one.onend(); };
    window.grant = (lang, localService) => { voices = [{lang, localService, name: lang}]; window.speechSynthesis.onvoiceschanged?.(); listeners.forEach(f => f()); };
    const listeners = [];
    window.SpeechSynthesisUtterance = function (text) { this.text = text; };
    Object.defineProperty(window, "speechSynthesis", {value: {
        getVoices: () => voices, speak(one) { spoken.push(one.text); heard.push(one); }, cancel() { heard.length = 0; },
        addEventListener: (name, f) => listeners.push(f),
    }});
})()"""
HERE_SPOKEN = '[{lang: "en-US", localService: true, name: "x"}, {lang: "zh_CN", localService: true, name: "本机"}]'


def test_without_a_voice_there_is_no_button_and_nothing_is_missing(town, person):
    page = person()
    page.goto("/elder/guides/minzheng-005/")
    assert page.evaluate("typeof menpaiSpeech.words") == "function"
    expect(page.get_by_role("button", name="读给我听")).to_have_count(0)


@pytest.mark.parametrize(("lang", "is_local", "buttons"), [("zh-CN", True, 1), ("cmn-Hans-CN", True, 1), ("en-US", True, 0), ("zh-CN", False, 0), ("zh-HK", True, 0)])
def test_the_button_comes_with_a_chinese_voice_of_the_phone_itself(town, person, lang, is_local, buttons):
    page = person()
    page.add_init_script(VOICE % "[]")
    page.goto("/elder/guides/minzheng-005/")
    expect(page.get_by_role("button", name="读给我听")).to_have_count(0)
    page.evaluate("([lang, isLocal]) => grant(lang, isLocal)", [lang, is_local])
    expect(page.get_by_role("button", name="读给我听")).to_have_count(buttons)


def test_the_page_is_read_in_order_sentence_by_sentence_until_one_says_stop(town, person):
    page = person()
    page.add_init_script(VOICE % HERE_SPOKEN)
    page.goto("/elder/guides/minzheng-005/?step=bring&who=agent&group=other")
    page.get_by_role("button", name="读给我听").click()
    assert page.evaluate("spoken") == [title_of("minzheng-005")]
    for _ in range(60):
        page.evaluate("finish()")
    spoken = page.evaluate("spoken")
    order = [next(i for i, sentence in enumerate(spoken) if words in sentence) for words in ("要带什么", "谁去办", "必备证件", "老人的居民身份证", "老人的社会保障卡")]
    assert order == sorted(order)
    assert "这条还没核实。" in spoken
    for words in ("返回", "下一页", "老人自己去", "没有？看怎么办", "12345", "读给我听"):  # ways elsewhere, the other case, digits in one lump
        assert [sentence for sentence in spoken if words in sentence] == []
    assert any("幺 二 三 四 五" in sentence for sentence in spoken)
    page.get_by_role("button", name="读给我听").click()
    page.get_by_role("button", name="停下，不读了").click()
    said = page.evaluate("spoken.length")
    page.evaluate("finish()")
    assert page.evaluate("spoken.length") == said
    expect(page.get_by_role("button", name="读给我听")).to_have_count(1)


def test_the_ordinary_guide_can_be_read_too(town, person):
    page = person()
    page.add_init_script(VOICE % HERE_SPOKEN)
    page.goto("/guides/minzheng-005/")
    expect(page.get_by_role("button", name="读给我听")).to_be_visible()
    page.goto("/guides/")
    expect(page.get_by_role("button", name="读给我听")).to_have_count(0)


AS_SAID = {
    "有事打 12345 问": "有事打 幺 二 三 四 五 问",
    "骗子，打 96110。": "骗子，打 九 六 幺 幺 零。",
    "打１２３９３": "打幺 二 三 九 三",
    "13800138000": "幺 三 八，零 零 幺 三，八 零 零 零",
    "0952-3311111": "零 九 五 二，三 三 幺，幺 幺 幺 幺",
    "010-12345678": "零 幺 零，幺 二 三 四，五 六 七 八",
    "编号 482-917-365": "编号 四 八 二，九 幺 七，三 六 五",
    "马上打110": "马上打幺 幺 零",
    "房子110平米，12000元，12345元": "房子110平米，12000元，12345元",
    "2026-11-24": "二零二六年十一月二十四日",
    "2026年3月5日打印": "二零二六年三月五日打印",
    "这是2023年的": "这是二零二三年的",
    "11月25日（周三）9:00": "十一月二十五日（周三）上午九点",
    "今天 14:30前": "今天下午两点半前",
    "下午2:05": "下午两点零五分",
    "8:30-12:00，14:30—18:00": "早上八点半到中午十二点，下午两点半到下午六点",
    "电话：9：00开": "电话：上午九点开",
    "24:00": "晚上十二点",
    "25:00": "25:00",
    "80到89岁": "80到89岁",
    "本人去 · 第一次办": "本人去，第一次办",
}


def test_numbers_dates_and_times_are_said_as_people_say_them(town, person):
    page = person()
    page.goto("/elder/")
    assert page.evaluate("(texts) => texts.map(menpaiSpeech.words)", list(AS_SAID)) == list(AS_SAID.values())
    assert page.evaluate("menpaiSpeech.phone('12333')") == "幺 二 三 三 三"
    assert page.evaluate("[0, 7, 10, 11, 20, 31, 105, 110, 2026].map(menpaiSpeech.count)") == [
        "零", "七", "十", "十一", "二十", "三十一", "一百零五", "一百一十", "二千零二十六",
    ]
    assert page.evaluate("menpaiSpeech.sentences('第一句。第二句！\\n 第三行  ·')") == ["第一句。", "第二句！", "第三行，"]
    long = page.evaluate("menpaiSpeech.sentences('要带身份证，'.repeat(40))")
    assert (max(map(len, long)) <= 90, "".join(long)) == (True, "要带身份证，" * 40)


def test_the_page_after_asking_reads_its_number_one_by_one(town, person):
    page = person()
    page.add_init_script(VOICE % HERE_SPOKEN)
    page.goto("/elder/help/callback/")
    page.get_by_label("您的电话").fill("13800138000")
    page.get_by_label("我看了，同意").check()
    page.get_by_role("button", name="请给我打电话").click()
    page.wait_for_url("**/?new=1")
    digits = HelpRequest.objects.get().spoken_reference
    assert f"，{page.evaluate('menpaiSpeech.words', digits)}，" in page.evaluate("menpaiSpeech.read()")
