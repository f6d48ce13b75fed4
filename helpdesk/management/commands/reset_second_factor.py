from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError

from helpdesk import actions


class Command(BaseCommand):
    help = "清掉一个账号的验证器和备用码，登录着的都退出；他下次用密码登录时重新设。给管理员自己也进不来的时候用；会记在工作台记录里。"

    def add_arguments(self, parser):
        parser.add_argument("username", help="账号名")

    def handle(self, *, username, **options):
        user = get_user_model().objects.filter(username=username).first()
        if user is None:
            raise CommandError(f"没有叫 {username} 的账号。")
        try:
            actions.reset_factor(by=None, user=user)
        except actions.NotPossible as refusal:
            raise CommandError(str(refusal)) from None
        self.stdout.write(f"清掉了。请 {username} 登录，重新设验证器。密码也可能漏了的话，运行 changepassword {username}。")
