"""What each stored field is and how long it stays: the one table that retention, exports and the tests of both follow.

Every column of every installed model stands here, Django's own too; a test fails on one that does not. It is in the top room because
it names models of all rooms.
"""

from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from django.apps import apps
from django.db.models import Model

from guides import corrections, refusals, rollup


class Level(StrEnum):
    PUBLIC = "public"  # may be published, or is
    INTERNAL = "internal"  # for staff: says nothing of a resident
    PERSONAL = "personal"  # says something of a resident, or how a member of staff is reached
    SENSITIVE = "sensitive"  # opens something, or may hold what harms a person when it is known


@dataclass(frozen=True)
class Fate:
    """KEEP, or emptied or deleted. `days` after `since` of the row itself; without, RETENTION_DAYS after the end of its request."""

    act: str
    since: str = ""
    days: int = 0


@dataclass(frozen=True)
class FieldClass:
    level: Level
    fate: Fate


PUBLIC, INTERNAL, PERSONAL, SENSITIVE = Level
KEEP = Fate("keep")
SCRUB = Fate("scrub")  # the field is emptied, the row stays
DELETE = Fate("delete")  # the whole row goes


def delete_after(since: str, days: int) -> Fate:
    return Fate("delete", since, days)


# 网络安全法第二十一条: logs of access stay six months at least. Two audit trails: as long as somebody may still ask.
LOG_DAYS, AUDIT_DAYS, ABSENCE_DAYS, ACCOUNT_DAYS, NOTICE_DAYS = 183, 1096, 365, 90, 90
FIGURE_DAYS = 1127  # three years and a month: as far back as the page of figures looks
LOGS = "attempt_time"

Rows = tuple[tuple[Level, Fate, str], ...]

TABLE: dict[str, Rows] = {
    # --- the request, and what hangs on it -------------------------------------------------------------------------------------------
    "helpdesk.HelpRequest": (
        (PERSONAL, SCRUB, "name phone phone_index relation note close_text wish"),
        (INTERNAL, KEEP, "id reference submission_key kind channel guide case guide_revision area doorplate for_someone call_time"),
        (INTERNAL, KEEP, "consent_version consent_at queue for_steward for_supervisor about merged_into state created_at promised_at"),
        (INTERNAL, KEEP, "contacted_at paused_at pause_reason minutes_left resume_on escalation warned_for alarmed_at owner claimed_at visit_at"),
        (INTERNAL, KEEP, "close_reason close_whose close_whose_phone closed_at reopened"),
    ),
    "helpdesk.Principal": (
        (PERSONAL, SCRUB, "name phone phone_index"),
        (INTERNAL, KEEP, "id request consent how answered_at asked_by"),
    ),
    "helpdesk.Mandate": (
        (PERSONAL, SCRUB, "principal_name scope"),
        (INTERNAL, KEEP, "id request text_version starts_on ends_on signed_on agent made_at revoked_at"),
    ),
    "helpdesk.Visit": (
        (PERSONAL, SCRUB, "where result next_step"),
        (SENSITIVE, SCRUB, "link code"),
        (INTERNAL, KEEP, "id request helper at place state ended_at made_at"),
    ),
    "helpdesk.Message": (
        (PERSONAL, DELETE, "text"),
        (INTERNAL, DELETE, "id request sender by at medium read_at"),
    ),
    "helpdesk.Paper": (
        (PERSONAL, SCRUB, "remark"),
        (INTERNAL, KEEP, "id request name detail state reason original_seen_at checked_by checked_at"),
    ),
    "helpdesk.Attachment": (  # the photo itself goes on its day; the row is the receipt of that
        (INTERNAL, KEEP, "id key request paper kind size purpose by at delete_on deleted_at"),
    ),
    "helpdesk.Rating": (
        (PERSONAL, SCRUB, "text"),
        (INTERNAL, KEEP, "id request level at"),
    ),
    "helpdesk.Event": (
        (INTERNAL, KEEP, "id request kind by by_name detail at"),
    ),
    # --- the outbox: a row goes with its request's person, and after 90 days at the latest (outbox.KEPT) -----------------------------------------
    "helpdesk.Notification": (
        (PERSONAL, delete_after("created_at", NOTICE_DAYS), "answer"),  # what a gateway said, which may repeat a number
        (INTERNAL, delete_after("created_at", NOTICE_DAYS), "id kind to_user to_robot to_resident request once state channel not_before"),
        (INTERNAL, delete_after("created_at", NOTICE_DAYS), "attempts lease leased_until created_at sent_at"),
    ),
    "helpdesk.Robot": (
        (SENSITIVE, KEEP, "address secret"),
        (INTERNAL, KEEP, "id name area kind is_active"),
    ),
    # --- who works where ---------------------------------------------------------------------------------------------------------------
    "helpdesk.ContactCard": (  # of an account that was stopped and has not signed in for so long
        (PERSONAL, delete_after("user", ACCOUNT_DAYS), "email mobile"),
        (INTERNAL, delete_after("user", ACCOUNT_DAYS), "id user digest_at quiet_from quiet_to"),
    ),
    "helpdesk.Absence": (
        (INTERNAL, delete_after("ends_on", ABSENCE_DAYS), "id user starts_on ends_on part kind entered_by entered_at"),
    ),
    "helpdesk.Posting": (
        (INTERNAL, KEEP, "id user area is_steward weekdays"),
    ),
    "helpdesk.MarketDay": (
        (PUBLIC, KEEP, "id area rule digits part"),
    ),
    "helpdesk.Cover": (
        (INTERNAL, KEEP, "id area neighbour order"),
    ),
    "helpdesk.ReplyTemplate": (
        (INTERNAL, KEEP, "id name text order"),
    ),
    "helpdesk.AuditEntry": (
        (INTERNAL, delete_after("at", AUDIT_DAYS), "id by by_name act detail at"),
    ),
    # --- plates ------------------------------------------------------------------------------------------------------------------------
    "doorplates.Building": (
        (PUBLIC, KEEP, "id community estate name entrances standard_address_code is_sample"),
    ),
    "doorplates.Coverage": (  # a view of guides.Area, the same table
        (PUBLIC, KEEP, "code name level parent contact_name contact_phone"),
    ),
    "doorplates.Doorplate": (
        (PUBLIC, KEEP, "id code building entrance state successor issued_at ended_at"),
        (INTERNAL, KEEP, "end_reason condition installed_on checked_on"),
    ),
    "doorplates.PlateCheck": (
        (INTERNAL, KEEP, "id doorplate kind on by"),
    ),
    "doorplates.PlateReport": (
        (INTERNAL, KEEP, "id doorplate kind count first_on last_on settled_by settled_on"),
    ),
    "doorplates.Scan": (  # the day only: who scanned, and when, is not known to anybody. Its sums stay: ScanDay, DayFigure
        (INTERNAL, delete_after("day", rollup.KEPT_DAYS), "id doorplate day rolled"),
    ),
    "doorplates.ScanDay": (
        (INTERNAL, delete_after("day", FIGURE_DAYS), "id doorplate day count"),
    ),
    "guides.View": (  # the same of pages: no words of a search, no time of day
        (INTERNAL, delete_after("day", rollup.KEPT_DAYS), "id day area kind key entry rolled"),
    ),
    "guides.DayFigure": (
        (INTERNAL, delete_after("day", FIGURE_DAYS), "id area what day key number"),
    ),
    "guides.RolledUp": (
        (INTERNAL, KEEP, "what through"),
    ),
    # --- guides ------------------------------------------------------------------------------------------------------------------------
    "guides.SearchMiss": (  # guides/misses.py: 30 days after a search that came once, 180 after any other
        (PERSONAL, delete_after("last_on", 180), "text"),
        (INTERNAL, delete_after("last_on", 180), "id district count first_on last_on state guide handled_by"),
    ),
    "guides.Correction": (  # the words go corrections.TEXT_DAYS after it was handled
        (PERSONAL, SCRUB, "text"),
        (SENSITIVE, delete_after("at", corrections.ROW_DAYS), "code"),
        (INTERNAL, delete_after("at", corrections.ROW_DAYS), "id guide part state answer handled_by handled_at at"),
    ),
    "guides.Refusal": (
        (INTERNAL, delete_after("on", refusals.KEPT_DAYS), "id guide material reason case at on"),
    ),
    "guides.GuideRevision": (
        (INTERNAL, KEEP, "id guide number at by text"),
    ),
    "guides.Area": (
        (PUBLIC, KEEP, "code name level parent contact_name contact_phone"),  # the duty telephone that hangs out at the office
    ),
    "guides.Office": (
        (PUBLIC, KEEP, "id mark source verified_by verified_on valid_for_year code name kind area address floor phone longitude latitude"),
        (PUBLIC, KEEP, "step_free hours_are_sample note"),
    ),
    "guides.OfficeHours": (
        (PUBLIC, KEEP, "id office season_from season_to weekdays opens closes"),
    ),
    "guides.SpecialDay": (
        (PUBLIC, KEEP, "id date area is_open name"),
    ),
    "guides.Notice": (
        (PUBLIC, KEEP, "id area published_on expires_on source is_sample kind title text"),
    ),
    "guides.JobPosting": (
        (PUBLIC, KEEP, "id area published_on expires_on source is_sample kind title employer place pay headcount text phone"),
    ),
    "guides.Domain": (
        (PUBLIC, KEEP, "id slug name order"),
    ),
    "guides.Guide": (
        (PUBLIC, KEEP, "id slug domain title plain_title answer audience department aliases counter_level priority featured is_brief stage"),
        (PUBLIC, KEEP, "status national_code implementation_code legal_limit legal_limit_unit promised_limit promised_limit_unit fee visits"),
        (PUBLIC, KEEP, "result hotline online online_url agency cross_province video season_from season_to often_refused checked_on"),
        (INTERNAL, KEEP, "district next_of phrasings review_on authors submitted_by submitted_at reviewed_by reviewed_at review_remark publish_at"),
        (INTERNAL, KEEP, "begun_from content_version created_at updated_at"),
    ),
    "guides.District": (
        (PUBLIC, KEEP, "area site_name organiser hotline icp police_record site_identifier"),
    ),
    "guides.EditorPosting": (
        (INTERNAL, KEEP, "id user district department"),
    ),
    "guides.Link": (
        (INTERNAL, KEEP, "id url state detail checked_at broken_since tries"),
    ),
    "guides.PackEntry": (
        (PUBLIC, KEEP, "district slug origin text"),
        (INTERNAL, KEEP, "id imported_at"),
    ),
    "guides.Fact": (
        (PUBLIC, KEEP, "id mark source verified_by verified_on valid_for_year guide field note"),
    ),
    "guides.Situation": (
        (PUBLIC, KEEP, "id guide key question order"),
    ),
    "guides.Answer": (
        (PUBLIC, KEEP, "id situation key label note order"),
    ),
    "guides.Statement": (
        (PUBLIC, KEEP, "id mark source verified_by verified_on valid_for_year only_for order guide kind text"),
    ),
    "guides.Step": (
        (PUBLIC, KEEP, "id mark source verified_by verified_on valid_for_year only_for order guide text"),
    ),
    "guides.Material": (
        (PUBLIC, KEEP, "id mark source verified_by verified_on valid_for_year only_for order guide name is_identity_document form copies"),
        (PUBLIC, KEEP, "issuer how issued_by later"),
    ),
    "guides.Counter": (
        (PUBLIC, KEEP, "id mark source verified_by verified_on valid_for_year guide kind office note order"),
    ),
    "guides.LifeEvent": (
        (PUBLIC, KEEP, "id district slug title answer aliases audience order status updated_at"),
    ),
    "guides.LifeEventStep": (
        (PUBLIC, KEEP, "id event guide case note optional order"),
    ),
    "guides.ContentStamp": (
        (INTERNAL, KEEP, "id version"),
    ),
    "guides.Synonym": (
        (INTERNAL, KEEP, "id words"),
    ),
    # --- the ground under it: accounts, sessions, limits -----------------------------------------------------------------------------------
    "menpai.Attempt": (  # a keyed hash of an address, until its window is over
        (INTERNAL, delete_after("expires_at", 0), "id key count expires_at"),
    ),
    "menpai.JobRun": (
        (INTERNAL, KEEP, "name ended_at succeeded_at seconds trouble day leased_until"),
    ),
    "menpai.HourCount": (  # which view or logger, never whose request
        (INTERNAL, delete_after("hour", 35), "id kind where hour count last_at last_id"),
    ),
    "menpai.ImportJob": (  # of staff and places, nothing of a resident; imports.forget_old takes the file with the row
        (INTERNAL, delete_after("asked_at", 7), "id kind file name is_large state rows_total rows_done report asked_by asked_at ended_at"),
        (INTERNAL, delete_after("asked_at", 7), "lease leased_until attempts"),
    ),
    "menpai.BackupTaken": (
        (INTERNAL, KEEP, "id at size"),
    ),
    "auth.User": (
        (SENSITIVE, KEEP, "password"),
        (PERSONAL, KEEP, "email"),
        (INTERNAL, KEEP, "id last_login is_superuser username first_name last_name is_staff is_active date_joined"),
    ),
    "helpdesk.SecondFactor": (  # goes when the account leaves (actions/leaving.py), or when another one takes its place
        (SENSITIVE, KEEP, "key"),
        (INTERNAL, KEEP, "id user name confirmed drift last_t salt set_up_at throttling_failure_timestamp throttling_failure_count"),
    ),
    "helpdesk.RecoveryCode": (
        (SENSITIVE, KEEP, "digest"),
        (INTERNAL, KEEP, "id factor used_at"),
    ),
    "helpdesk.StaffAccount": (
        (INTERNAL, KEEP, "user must_change_password reset_by reset_at"),
    ),
    "helpdesk.StaffSession": (
        (SENSITIVE, delete_after("expire_date", 0), "session_key session_data"),
        (INTERNAL, delete_after("expire_date", 0), "user device first_on last_on expire_date"),
    ),
    "auth.Group": (
        (INTERNAL, KEEP, "id name"),
    ),
    "auth.Permission": (
        (INTERNAL, KEEP, "id name content_type codename"),
    ),
    "auth.Group_permissions": (
        (INTERNAL, KEEP, "id group permission"),
    ),
    "auth.User_groups": (
        (INTERNAL, KEEP, "id user group"),
    ),
    "auth.User_user_permissions": (
        (INTERNAL, KEEP, "id user permission"),
    ),
    "contenttypes.ContentType": (
        (INTERNAL, KEEP, "id app_label model"),
    ),
    "sessions.Session": (
        (SENSITIVE, delete_after("expire_date", 0), "session_key"),
        (SENSITIVE, delete_after("expire_date", 0), "session_data"),
        (INTERNAL, delete_after("expire_date", 0), "expire_date"),
    ),
    "admin.LogEntry": (
        (INTERNAL, delete_after("action_time", AUDIT_DAYS), "id action_time user content_type object_id object_repr action_flag change_message"),
    ),
    "axes.AccessAttempt": (
        (PERSONAL, delete_after(LOGS, LOG_DAYS), "user_agent ip_address http_accept get_data post_data"),
        (INTERNAL, delete_after(LOGS, LOG_DAYS), "id username path_info attempt_time failures_since_start"),
    ),
    "axes.AccessAttemptExpiration": (
        (INTERNAL, delete_after("expires_at", LOG_DAYS), "access_attempt expires_at"),
    ),
    "axes.AccessLog": (
        (PERSONAL, delete_after(LOGS, LOG_DAYS), "user_agent ip_address http_accept session_hash"),
        (INTERNAL, delete_after(LOGS, LOG_DAYS), "id username path_info attempt_time logout_time"),
    ),
    "axes.AccessFailureLog": (
        (PERSONAL, delete_after(LOGS, LOG_DAYS), "user_agent ip_address http_accept"),
        (INTERNAL, delete_after(LOGS, LOG_DAYS), "id username path_info attempt_time locked_out"),
    ),
}  # fmt: skip

# Personal or sensitive text that is not encrypted, each with its reason. A test refuses any other.
IN_CLEAR: dict[str, str] = {
    "helpdesk.HelpRequest.phone_index": "a keyed hash, by which equal numbers are found",
    "helpdesk.Principal.phone_index": "a keyed hash, by which equal numbers are found",
    "helpdesk.Notification.answer": "a gateway's code and sentence; the worker cuts every number out of it",
    "guides.SearchMiss.text": "has to be counted and read by editors; words with digits, addresses or plates are never kept, the rest not for long",
    "guides.Correction.code": "random; tells its holder an answer that names nobody",
    "auth.User.password": "a salted hash",
    "auth.User.email": "Django's own, empty but for demo accounts; how staff are reached stands encrypted in ContactCard",
    "helpdesk.RecoveryCode.digest": "a slow salted hash of 49 random bits",
    "helpdesk.StaffSession.session_key": "random; the row ends with the working day",
    "helpdesk.StaffSession.session_data": "signed; holds a user's number and nothing of a resident",
    "sessions.Session.session_key": "random; the row ends with the working day",
    "sessions.Session.session_data": "signed; holds a user's number and nothing of a resident",
    "axes.AccessAttempt.user_agent": "the browser of who signs in to the desk: the law wants this log",
    "axes.AccessAttempt.http_accept": "the same log",
    "axes.AccessAttempt.get_data": "the same log; only the sign-in form is counted, and its password is cut out",
    "axes.AccessAttempt.post_data": "the same log; only the sign-in form is counted, and its password is cut out",
    "axes.AccessLog.user_agent": "the same log",
    "axes.AccessLog.http_accept": "the same log",
    "axes.AccessLog.session_hash": "the same log; a hash",
    "axes.AccessFailureLog.user_agent": "the same log",
    "axes.AccessFailureLog.http_accept": "the same log",
}


@cache
def classes_of(label: str) -> dict[str, FieldClass]:
    """Field name to class of one model, by its label such as "helpdesk.Visit". Raises KeyError for an unclassed model."""
    return {name: FieldClass(level, fate) for level, fate, names in TABLE[label] for name in names.split()}


def class_of(model: type[Model], field: str) -> FieldClass:
    """Raises KeyError when the field is not classed."""
    return classes_of(model._meta.label)[field]


def may_leave(model: type[Model], field: str) -> bool:
    """Whether a field may go into an Excel file, a group message or any other place where it is not masked and not logged."""
    return class_of(model, field).level in (PUBLIC, INTERNAL)


def is_owed(model: type[Model], field: str) -> bool:
    """Whether a field of a request, or of what hangs on it, is the resident's own and so belongs into what they can take away."""
    return class_of(model, field).level in (PERSONAL, SENSITIVE)


def scrubbed(model: type[Model]) -> dict[str, str | None]:
    """The fields of a model that are emptied, each with what it then holds: None for a link, else an empty text."""
    names = [name for name, kind in classes_of(model._meta.label).items() if kind.fate == SCRUB]
    return {name: None if model._meta.get_field(name).is_relation else "" for name in names}


def hangs_on_request() -> list[type[Model]]:
    """The models with a link `request` to HelpRequest, whose personal fields share its time."""
    request = apps.get_model("helpdesk.HelpRequest")
    return [m for m in apps.get_models() if any(f.name == "request" and f.related_model is request for f in m._meta.concrete_fields)]
