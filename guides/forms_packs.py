"""What goes into a content pack, and into which district one comes."""

from django import forms
from django.core.exceptions import ValidationError

from guides.districts import within
from guides.models import Area, Domain, Level, own_district
from guides.pack_files import MAX_BYTES


def districts_for(user) -> list[Area]:
    """The districts whose guides a user works on, the installation's own first."""
    rows = within(Area.objects.filter(level=Level.DISTRICT), user, "code")
    return sorted(rows, key=lambda area: (area.pk != own_district(), area.pk))


class _ForDistrict(forms.Form):
    """Who works for one district is not asked which."""

    district = forms.ChoiceField(label="区（县）")

    def __init__(self, *args, districts: list[Area], **kwargs):
        super().__init__(*args, label_suffix="", **kwargs)
        self.districts = {area.pk: area for area in districts}
        self.fields["district"].choices = [(area.pk, area.name) for area in districts]
        if len(districts) < 2:
            del self.fields["district"]

    @property
    def area(self) -> Area:
        """The district chosen, or the only one. After is_valid()."""
        return self.districts[self.cleaned_data["district"]] if "district" in self.fields else next(iter(self.districts.values()))


class ExportForm(_ForDistrict):
    topics = forms.ModelMultipleChoiceField(Domain.objects.all(), label="哪些主题", required=False, widget=forms.CheckboxSelectMultiple, help_text="一个都不勾，就是全部。")
    with_local = forms.BooleanField(label="连本地的电话和指定的办理地点一起写", required=False, help_text="一般不用勾：别的区（县）用不上。勾了，对方导入后也是待核实。")
    with_drafts = forms.BooleanField(label="连还没发布的一起写", required=False)


class ImportForm(_ForDistrict):
    file = forms.FileField(label="内容包", help_text="另一个区（县）下载的 .yaml 文件，最大 8 MB。", widget=forms.FileInput({"accept": ".yaml,.yml"}))

    def clean_file(self) -> str:
        upload = self.cleaned_data["file"]
        if upload.size > MAX_BYTES:
            raise ValidationError("文件太大，最大 8 MB。请对方按主题分几次下载。")
        try:
            return upload.read().decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise ValidationError("文件读不出来，可能不是内容包。请对方重新下载一份。") from error
