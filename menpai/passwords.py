"""Rules for staff's passwords that Django has, in words that Django's Chinese lacks."""

from django.contrib.auth.password_validation import MinimumLengthValidator


class LongEnough(MinimumLengthValidator):
    """Django 5.2 says this one in English only."""

    def get_error_message(self) -> str:
        return f"密码太短了，至少 {self.min_length} 个字符。"
