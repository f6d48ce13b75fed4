"""A service guide as one builds it in Wagtail: a StreamField of sections, the offices as an InlinePanel."""

from django.db import models
from modelcluster.fields import ParentalKey
from wagtail import blocks
from wagtail.admin.panels import FieldPanel, InlinePanel
from wagtail.fields import StreamField
from wagtail.models import Orderable, Page


class Section(blocks.StructBlock):
    anchor = blocks.CharBlock()
    heading = blocks.CharBlock()
    text = blocks.RichTextBlock()

    class Meta:
        template = "guidesite/section.html"


class GuidePage(Page):
    official = models.CharField(max_length=200)
    answer = models.TextField()
    body = StreamField([("section", Section())])
    content_panels = [*Page.content_panels, FieldPanel("official"), FieldPanel("answer"), FieldPanel("body"), InlinePanel("contacts")]

    def get_context(self, request, *args, **kwargs):
        return super().get_context(request, *args, **kwargs) | {"near": self.get_siblings(inclusive=False).live()[:5]}


class Contact(Orderable):
    page = ParentalKey(GuidePage, on_delete=models.CASCADE, related_name="contacts")
    name = models.CharField(max_length=80)
    phone = models.CharField(max_length=40)
