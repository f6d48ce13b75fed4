"""What every page of the back office shares where one installation serves several districts: each sees its own rows, and offers only those.

The first base class of every admin class whose rows belong to a district. A row of another district is then nowhere: not on the list, by no guessed
number, in no box to choose from, in no action, no export, no history.
"""

from typing import ClassVar

from django import forms
from django.contrib import admin
from django.db import transaction

from guides.districts import choices_for, districts_of, inside, within
from guides.models import ContentStamp, own_district


class ResidentsRead:
    """For a ModelAdmin whose rows stand on residents' pages: each change made here is told to every process, in its own transaction."""

    def save_related(self, request, form, formsets, change):
        super().save_related(request, form, formsets, change)
        ContentStamp.advance()

    @transaction.atomic
    def delete_model(self, request, obj):
        super().delete_model(request, obj)
        ContentStamp.advance()

    @transaction.atomic
    def delete_queryset(self, request, queryset):
        super().delete_queryset(request, queryset)
        ContentStamp.advance()


class OwnChoices:
    """Foreign keys offer, and accept, only what the user sees. For inlines; in `DistrictRows` already."""

    def get_field_queryset(self, db, db_field, request):
        rows = super().get_field_queryset(db, db_field, request)
        related = self.admin_site._registry.get(db_field.remote_field.model)
        if request.user.is_superuser or not isinstance(related, DistrictRows):
            return rows
        return related.seen_by(db_field.remote_field.model._default_manager.using(db) if rows is None else rows, request.user)


class DistrictFilter(admin.SimpleListFilter):
    """Offered to whoever sees more than one district."""

    title, parameter_name = "区（县）", "in_district"

    def __init__(self, request, params, model, model_admin):
        self.path = model_admin.district_path
        super().__init__(request, params, model, model_admin)

    def lookups(self, request, model_admin):
        choices = choices_for(request.user)
        return choices if len(choices) > 1 else []

    def queryset(self, request, queryset):
        return queryset.filter(inside({self.value()}, self.path)) if self.value() else queryset


class DistrictRows(OwnChoices):
    """`district_path` leads to the column with an area code. `empty_is_own`: a row without an area is of the installation's own district."""

    district_path: ClassVar[str] = "district"
    empty_is_own: ClassVar[bool] = False

    def seen_by(self, rows, user):
        return within(rows, user, self.district_path, empty_is_own=self.empty_is_own)

    def has_add_permission(self, request, *args):
        """Who works for no district has nowhere to put anything."""
        return super().has_add_permission(request, *args) and districts_of(request.user) != set()

    def get_queryset(self, request):
        return self.seen_by(super().get_queryset(request), request.user)

    def get_list_filter(self, request):
        return [*super().get_list_filter(request), DistrictFilter] if self.district_path else super().get_list_filter(request)

    def formfield_for_foreignkey(self, db_field, request, **kwargs):
        """An area that may be empty means the installation's own district: whoever does not work for it names one."""
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)
        codes = districts_of(request.user)
        if field and self.empty_is_own and db_field.name == "area" and codes is not None and own_district() not in codes:
            field.required, field.help_text = True, "全区（县）都看，就选区（县）。"
            field.initial = next(iter(codes), None) if len(codes) == 1 else None
        return field


class NewInDistrict(DistrictRows):
    """What is new belongs to the district of whoever makes it; who works for several is asked. Later it stays where it is."""

    def get_form(self, request, obj=None, change=False, **kwargs):
        if obj is None:
            kwargs["form"] = _asking(self.form, choices_for(request.user))
        return super().get_form(request, obj, change, **kwargs)

    def get_list_display(self, request):
        names = dict(choices_for(request.user))

        @admin.display(description="区（县）", ordering="district")
        def whose(row):
            return names.get(row.district, row.district)

        shown = super().get_list_display(request)
        return (*shown, whose) if len(names) > 1 else shown

    def get_fieldsets(self, request, obj=None):
        shown = super().get_fieldsets(request, obj)
        asks = obj is None and len(choices_for(request.user)) > 1
        return (("给哪个区（县）", {"fields": ("for_district",)}), *shown) if asks else shown


def _asking(form_class, choices: list[tuple[str, str]]):
    class ForDistrict(form_class):
        if len(choices) > 1:
            for_district = forms.ChoiceField(label="区（县）", choices=choices)

        def clean(self):
            self.instance.district = self.cleaned_data.get("for_district") or next((code for code, _ in choices), own_district())
            return super().clean()

    return ForDistrict
