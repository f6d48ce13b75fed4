from guides.models.board import JobPosting, Notice
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
    Statement,
    StatementKind,
    Status,
    Step,
    Unit,
)
from guides.models.places import Area, Level, Office, OfficeHours, OfficeKind, SpecialDay
from guides.models.sourced import OFFICIAL_CHECKER, Mark, Sourced
from guides.models.stamp import ContentStamp

__all__ = [
    "OFFICIAL_CHECKER", "Agency", "Answer", "Area", "Audience", "ContentStamp", "Counter", "Domain", "Fact", "FactField", "Form", "Guide",
    "GuideRevision", "JobPosting", "Level", "Mark", "Material", "Notice", "Office", "OfficeHours", "OfficeKind", "Situation", "Sourced",
    "SpecialDay", "Statement", "StatementKind", "Status", "Step", "Unit",
]
