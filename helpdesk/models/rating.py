from django.db import models

from helpdesk.models.request import HelpRequest
from menpai.encryption import EncryptedTextField


class RatingLevel(models.IntegerChoices):
    """The five national words of 好差评 (国办发〔2019〕51号); none is added, left out or preselected."""

    VERY_SATISFIED = 5, "非常满意"
    SATISFIED = 4, "满意"
    FAIRLY_SATISFIED = 3, "基本满意"
    DISSATISFIED = 2, "不满意"
    VERY_DISSATISFIED = 1, "非常不满意"


class Rating(models.Model):
    request = models.OneToOneField(HelpRequest, models.CASCADE, related_name="rating", verbose_name="诉求")
    level = models.PositiveSmallIntegerField("评价", choices=RatingLevel)
    text = EncryptedTextField("说明", blank=True)
    at = models.DateTimeField("时间", auto_now_add=True)

    class Meta:
        verbose_name = verbose_name_plural = "门牌使用评价"

    def __str__(self):
        return self.get_level_display()
