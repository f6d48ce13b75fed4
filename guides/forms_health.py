"""What an editor narrows the list of findings down to."""

from django import forms
from django.db.models import QuerySet

from guides.health import Kind
from guides.models import Domain, Status

STATES = {"published": [Status.PUBLISHED], "coming": [Status.DRAFT, Status.REVIEW, Status.SCHEDULED]}


class HealthFilter(forms.Form):
    """Every field may be empty; a value that is none of the offered ones counts as empty."""

    kind = forms.ChoiceField(label="哪一类", required=False, choices=[("", "全部"), *Kind.choices])
    domain = forms.ModelChoiceField(Domain.objects.all(), label="主题", required=False, empty_label="全部")
    department = forms.ChoiceField(label="主管部门", required=False)
    state = forms.ChoiceField(label="指南", required=False, choices=[("published", "已发布的"), ("coming", "还没发布的")])

    def __init__(self, data, *, guides: QuerySet):
        """`guides` are those the editor may see: only their departments are offered."""
        super().__init__({"state": "published"} | data.dict(), label_suffix="")
        names = guides.order_by("department").values_list("department", flat=True).distinct()
        self.fields["department"].choices = [("", "全部"), *((name, name) for name in names if name)]
        self.is_valid()

    @property
    def chosen(self) -> dict:
        return {name: self.cleaned_data.get(name) or None for name in self.fields}

    @property
    def query(self) -> dict[str, str]:
        """What was chosen, for addresses; without what was not."""
        found = {name: getattr(value, "pk", value) for name, value in self.chosen.items() if value}
        return {name: str(value) for name, value in found.items() if value != "published"}

    def applied(self, guides: QuerySet) -> QuerySet:
        """The guides chosen; the kind is looked at afterwards, in their findings."""
        chosen = self.chosen
        guides = guides.filter(status__in=STATES[chosen["state"] or "published"])
        if chosen["domain"]:
            guides = guides.filter(domain=chosen["domain"])
        return guides.filter(department=chosen["department"]) if chosen["department"] else guides
