"""网站运行情况: how the site is doing, for whoever looks after the server. Each line says what it is, how it is, and what to do when it is not well."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from helpdesk import site_state
from helpdesk.management.commands import every_day
from helpdesk.site_state import Counted, Disk, Job, SiteState
from menpai.back_office import Page

# No such permission can be given to anybody: Django answers yes for superusers alone.
PERMISSION = "menpai.operate_the_site"
FINE, LOOK, ACT = "fine", "look", "act"
WORDS = {FINE: "正常", LOOK: "留意", ACT: "要处理"}
JOB_NAMES = {
    "send_notifications": "发通知的程序", "every_minute": "每分钟的程序", "every_day": "每天夜里的程序",
    "publish_due": "到时间的指南发布", "escalate": "超时的诉求上报", "flag_changes": "指南改了，告诉办着的人", "tell_wishers": "指南写好了，告诉等的居民",
    "work_imports": "大表导入", "roll_up": "看数汇总", "scrub_requests": "到期的个人信息删掉", "clearsessions": "过期的登录清掉",
    "check_links": "指南里的网址检查", "backup": "备份", "mend_clock": "时钟跳过之后的收拾",
}  # fmt: skip
SERVICES = {"send_notifications": "worker", "every_minute": "minute", "every_day": "daily"}
LIMITS = {
    "help": "求助表单", "follow": "查诉求", "follow-all": "查诉求", "miss": "搜索没结果", "wrong": "居民纠错", "wrong-code": "查纠错", "plate-report": "门牌报损",
    "files": "看材料", "files-from": "看材料", "files-all": "看材料", "correct": "改自己的诉求", "own password": "改密码", "robot test": "试群机器人", "contact trial": "试通知",
}  # fmt: skip
SOON, VERY_SOON = timedelta(days=21), timedelta(days=7)


@dataclass(frozen=True)
class Line:
    """`level` is FINE, LOOK or ACT; `advice` is what to do, empty when nothing is."""

    name: str
    value: str
    level: str = FINE
    advice: str = ""
    link: str = ""

    @property
    def word(self) -> str:
        return WORDS[self.level]


@dataclass(frozen=True)
class Part:
    title: str
    lines: list[Line]


def operator_view(request):
    if not request.user.has_perm(PERMISSION):
        raise PermissionDenied
    state = site_state.look(timezone.now())
    parts = [Part("诉求和通知", [*_queue(state), *_outbox(state)]), Part("备份和自己跑的活", [_backup(state), *_jobs(state)]), Part("这台机器", [*_machine(state)])]
    lines = [line for part in parts for line in part.lines]
    context = admin.site.each_context(request) | {
        "title": "网站运行情况", "parts": parts, "urgent": [line for line in lines if line.level != FINE], "at": state.now, "errors": state.errors, "limits": _limits(state.throttled), "locked_out": state.locked_out,
        "versions": _versions(state), "to_do": sum(line.level == ACT for line in lines), "to_watch": sum(line.level == LOOK for line in lines),
    }  # fmt: skip
    return TemplateResponse(request, "admin/operator.html", context)


def _unknown(name: str) -> Line:
    return Line(name, "读不出来", ACT, "数据库没有按时回答。看数据库是不是在运行、是不是太忙：docker compose ps，docker compose logs db --tail 50。")


def _lasting(delta: timedelta) -> str:
    """不到1分钟, 12分钟, 3小时5分钟, 2天4小时."""
    minutes = max(int(delta.total_seconds() // 60), 0)
    days, hours, rest = minutes // 1440, minutes // 60 % 24, minutes % 60
    if days:
        return f"{days}天{hours}小时" if hours else f"{days}天"
    if hours:
        return f"{hours}小时{rest}分钟" if rest else f"{hours}小时"
    return f"{rest}分钟" if rest else "不到1分钟"


def _ago(moment: datetime, now: datetime) -> str:
    return f"{_lasting(now - moment)}前"


def _queue(state: SiteState) -> list[Line]:
    found = state.queue
    if found is None:
        return [_unknown("诉求")]
    waiting = f"{found.waiting}件" + (f"，等得最久的已经{_lasting(state.now - found.oldest)}" if found.oldest else "")
    late = f"{found.late}件" + (f"，最早的一件过了{_lasting(state.now - found.late_since)}" if found.late_since else "")
    is_old = found.late_since is not None and state.now - found.late_since > timedelta(days=1)
    advice = "已经报给主管了。一天以上还没人接，请打电话给那个乡镇（街道）的主管，看是不是没人当班。" if is_old else ""
    return [
        Line("等人接", waiting),
        Line("正在办", f"{found.claimed}件" + (f"，另有{found.paused}件等居民备材料或回话" if found.paused else "")),
        Line("超过了答应的时间", late, ACT if is_old else LOOK if found.late else FINE, advice, reverse("desk:overview")),
    ]


def _outbox(state: SiteState) -> list[Line]:
    found = state.outbox
    if found is None:
        return [_unknown("通知")]
    link = reverse("admin:helpdesk_notification_changelist")
    is_stuck = found.oldest is not None and state.now - found.oldest > timedelta(minutes=30)
    waiting = f"{found.waiting}条" + (f"，该发的里最早的已经等了{_lasting(state.now - found.oldest)}" if found.oldest else "")
    return [
        Line("等着发的通知", waiting, ACT if is_stuck else FINE, "发通知的程序可能停了：docker compose up -d worker，再看 docker compose logs worker --tail 50。" if is_stuck else "", link),
        Line("24小时里没发出去", f"{found.failed}条", LOOK if found.failed else FINE, "点开看对方怎么说的，改好设置再点“再试一次”。" if found.failed else "", link),
    ]


def _backup(state: SiteState) -> Line:
    if state.backup is None:
        return Line("最近一次备份", "还没有", ACT, "按运维手册“备份”那一节设好，今天就先做一次。")
    is_old = state.now - state.backup > site_state.SLOWEST_DAY
    advice = "昨夜的备份没做成。看 docker compose logs daily --tail 100，先看是不是磁盘满了；改好以后马上做一次。" if is_old else ""
    return Line("最近一次备份", _ago(state.backup, state.now), ACT if is_old else FINE, advice)


def _jobs(state: SiteState) -> list[Line]:
    if state.jobs is None:
        return [_unknown("自己跑的活")]
    loops = {job.name: job for job in state.jobs if job.name in SERVICES}
    rest = [_job(job, loops, state.now) for job in state.jobs if job.name not in SERVICES and job.name != "backup"]
    told = [line for line in rest if line.level != FINE]
    well = [Line("其余的活" if told else "各件活", f"{len(rest) - len(told)}件都按时做了")] if len(rest) > len(told) else []
    return [*(_loop(job, state.now) for job in loops.values()), *told, *well]


def _loop(job: Job, now: datetime) -> Line:
    service = SERVICES[job.name]
    advice = f"没有在运行：docker compose up -d {service}，再看 docker compose logs {service} --tail 50。" if job.is_late else ""
    value = f"{_ago(job.succeeded_at, now)}还在" if job.succeeded_at else "从来没有运行过"
    return Line(JOB_NAMES[job.name], value, ACT if job.is_late else FINE, advice)


def _job(job: Job, loops: dict[str, Job], now: datetime) -> Line:
    """A job whose loop does not run is told by the loop's line already."""
    loop = loops["every_day" if job.name in dict(every_day.JOBS) else "every_minute"]
    service = SERVICES[loop.name]
    value = _ago(job.succeeded_at, now) if job.succeeded_at else "还没做过"
    if job.trouble:
        return Line(JOB_NAMES.get(job.name, job.name), f"{value}做成；最近一次出错（{job.trouble}）", ACT, f"看 docker compose logs {service} --tail 100，找“{job.name} failed”。别的活照做，这一件会自己再试。")
    if job.is_late and not loop.is_late:
        advice = "今天夜里会做。" if service == "daily" and job.succeeded_at is None else f"该做没做：看 docker compose logs {service} --tail 100。"
        return Line(JOB_NAMES.get(job.name, job.name), value, LOOK, advice)
    return Line(JOB_NAMES.get(job.name, job.name), value, LOOK if job.is_late else FINE, "等上面的程序开了就会做。" if job.is_late else "")


PLACES = {"data": "存数据的地方", "photos": "存照片的地方", "tmp": "临时地方"}


def _machine(state: SiteState) -> list[Line]:
    return [*(_disk(disk) for disk in state.disks), _certificate(state)]


def _disk(disk: Disk) -> Line:
    level = ACT if disk.share < site_state.HARDLY_ANY else LOOK if disk.share < site_state.LITTLE_SPACE else FINE
    advice = "先腾地方：docker system prune 清掉旧镜像，旧备份移到别的机器。满了以后诉求会收不下来。" if level != FINE else ""
    return Line(PLACES[disk.name], f"还空{_size(disk.free)}（{disk.share:.0%}）", level, advice)


def _size(number: int) -> str:
    return f"{number / 2**30:.1f} GB" if number >= 2**30 else f"{number // 2**20} MB"


def _certificate(state: SiteState) -> Line:
    ends = state.certificate_ends
    if ends is None:
        return Line("网站证书", "看不到", LOOK, "设了 MENPAI_TLS_PROBE 才看得到（用容器装的已经设好）。看不到的时候，用浏览器点地址栏的锁，看到哪天到期。")
    left = ends - state.now
    until = f"{timezone.localtime(ends):%Y年%-m月%-d日}到期"
    if left < timedelta(0):
        return Line("网站证书", f"{timezone.localtime(ends):%Y年%-m月%-d日}已经到期", ACT, "居民打开会看到“不安全”。马上换：新证书放进 certificates/，再 docker compose restart nginx。")
    level = ACT if left < VERY_SOON else LOOK if left < SOON else FINE
    return Line("网站证书", f"{until}，还有{left.days}天", level, "" if level == FINE else "换上新证书：放进 certificates/，再 docker compose restart nginx。")


def _limits(throttled: list[Counted] | None) -> list[tuple[str, int, datetime]] | None:
    if throttled is None:
        return None
    found: dict[str, tuple[str, int, datetime]] = {}
    for one in throttled:
        name = LIMITS.get(one.where, one.where)
        _, count, last = found.get(name, (name, 0, one.last_at))
        found[name] = (name, count + one.count, max(last, one.last_at))
    return sorted(found.values(), key=lambda row: -row[1])


def _versions(state: SiteState) -> list[tuple[str, str]]:
    found = site_state.versions()
    return [
        ("menpai", found["menpai"] + (f"（{found['revision']}）" if found["revision"] else "")), ("Django", found["django"]), ("Python", found["python"]),
        ("数据库", found["database"] or "读不出来"), ("数据库结构", state.schema or "读不出来"),
    ]  # fmt: skip


admin.site.pages.append(Page("网站运行", "网站运行情况", "admin:operator", PERMISSION, route="operator/", view=operator_view))
