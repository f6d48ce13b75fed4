from guides.models.board import MAX_SEARCH, JobKind, JobPosting, Notice, NoticeKind
from guides.models.district import District, EditorPosting, district_code_of, district_of, own_district
from guides.models.experience import Correction, CorrectionState, Refusal, RefusalReason, RefusedAt, is_correction_code
from guides.models.figures import DayFigure, Opened, RolledUp, View, What
from guides.models.guide import (
    Agency,
    Answer,
    Audience,
    Counter,
    Domain,
    Fact,
    FactField,
    Form,
    Guide,
    GuideRevision,
    Material,
    Situation,
    Stage,
    Statement,
    StatementKind,
    Status,
    Step,
    Unit,
)
from guides.models.life_event import LifeEvent, LifeEventStep
from guides.models.links import Link, LinkState
from guides.models.packs import PackEntry
from guides.models.places import Area, Level, Office, OfficeHours, OfficeKind, SpecialDay
from guides.models.sourced import OFFICIAL_CHECKER, Mark, Sourced
from guides.models.stamp import ContentStamp
from guides.models.wording import MissState, SearchMiss, Synonym

__all__ = [
    "PackEntry",
    "DayFigure", "Opened", "RolledUp", "View", "What",
    "District", "EditorPosting", "Link", "LinkState", "district_code_of", "district_of", "own_district",
    "Refusal", "RefusalReason", "RefusedAt",
    "OFFICIAL_CHECKER", "Agency", "Answer", "Area", "Audience", "ContentStamp", "Correction", "CorrectionState", "Counter", "Domain", "Fact", "FactField", "Form", "Guide",
    "GuideRevision", "JobKind", "JobPosting", "Level", "LifeEvent", "LifeEventStep", "MAX_SEARCH", "Mark", "Material", "MissState",
    "Notice", "NoticeKind", "Office", "OfficeHours", "OfficeKind", "SearchMiss", "Situation", "Sourced", "SpecialDay", "Stage", "Statement",
    "StatementKind", "Status", "Step", "Synonym", "Unit", "is_correction_code",
]
