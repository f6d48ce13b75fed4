from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from helpdesk import attachments
from helpdesk.keys import UNREADABLE, Found, rotate


class Command(BaseCommand):
    help = "把所有加密的内容换到最新的密钥下（电话索引也换）。网站照常开着；中途断了，再运行一次就接着换。换完用 --check 看旧密钥还有没有人要。"

    def add_arguments(self, parser):
        parser.add_argument("--dry-run", action="store_true", help="只数每个密钥下还有多少，不改。")
        parser.add_argument("--check", action="store_true", help="只数；还有内容要用旧密钥的，以错误结束。")
        parser.add_argument("--batch", type=int, default=200, help="一次改多少条（默认200）。")

    def handle(self, *, dry_run, check, batch, **options):
        write = not (dry_run or check)
        found = []
        for field in rotate(write=write, batch=max(batch, 1)):
            found.append(field)
            if field.keys:
                self.stdout.write(f"{field.label}：{_words(field)}" + (f"，换了 {field.rewritten}" if write else ""))
        if write:
            self.stdout.write(f"材料照片：换了 {attachments.rewrite_all()} 张。")
        unreadable = sum(field.keys[UNREADABLE] for field in found)
        outdated = sum(field.outdated for field in found)
        if unreadable:
            raise CommandError(f"有 {unreadable} 处用现在的密钥都读不出来：MENPAI_PII_KEYS 里少了一把旧的。别的照样换了。")
        if check and outdated:
            raise CommandError(f"还有 {outdated} 处要用旧密钥，旧密钥先别拿掉：先运行 rotate_keys。")
        if write:
            self.stdout.write(f"换了 {sum(field.rewritten for field in found)} 处。再运行 rotate_keys --check，没有报错就能拿掉旧密钥。")
        else:
            self.stdout.write(f"密钥 {len(settings.PII_KEYS)} 把，要换的 {outdated} 处。" + ("" if outdated else "旧密钥没有人要了，可以拿掉。"))


def _words(field: Found) -> str:
    """第1把密钥 12，读不出 1；索引：第1把 12."""
    keys = "，".join(f"读不出 {count}" if key is UNREADABLE else f"第{key + 1}把密钥 {count}" for key, count in _sorted(field.keys))
    indexes = "，".join(f"对不上 {count}" if key is UNREADABLE else f"第{key + 1}把 {count}" for key, count in _sorted(field.indexes))
    return keys + (f"；索引：{indexes}" if indexes else "")


def _sorted(counter) -> list:
    return sorted(counter.items(), key=lambda item: (item[0] is UNREADABLE, item[0] or 0))
