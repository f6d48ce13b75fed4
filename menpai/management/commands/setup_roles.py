from django.contrib.auth.models import Group, Permission
from django.core.management.base import BaseCommand, CommandError

from menpai.roles import PERMISSIONS


class Command(BaseCommand):
    help = "建立角色（用户组）和权限；可以重复运行。"

    def handle(self, **options):
        known = {f"{p.content_type.app_label}.{p.codename}": p for p in Permission.objects.select_related("content_type")}
        for role, names in PERMISSIONS.items():
            missing = [name for name in names if name not in known]
            if missing:
                raise CommandError(f"{role} 的权限不存在：{'、'.join(missing)}。先运行 manage.py migrate。")
            group, _ = Group.objects.get_or_create(name=str(role))
            group.permissions.set([known[name] for name in names])
        self.stdout.write(f"角色 {len(PERMISSIONS)} 个已就绪。")
