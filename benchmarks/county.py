"""A county's desk after years of use, for the benchmarks of requests: 160 helpers with their supervisors, what is open in every village, and a table of closed
requests as long as is asked for, with their stories. PostgreSQL only: the rows are made inside the server.

    .venv/bin/python -m benchmarks.county 1000000     fills DATABASE_URL, which holds the content already (`tests.running.fill`), and ANALYZEs it

Prints one line of JSON: the session keys by which a browser is signed in as a helper, a township's and the district's supervisor, and what was made.
"""

import json
import sys
from contextlib import contextmanager
from datetime import timedelta

VILLAGE = "640205102006"  # of 园艺镇; the helper who looks is posted here
OPEN_IN_A_VILLAGE = 30  # 12 wait, 9 are in the hands of each of the two helpers
OTHER_DISTRICTS = 10  # beside ours, from a hundred thousand requests on: as large, with as much open
YEARS = 3

# The check digit of helpdesk.models.request, so that every number is one that could have been given.
CHECK = """
CREATE FUNCTION pg_temp.checked(body text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE rest int := 10; i int;
BEGIN
  FOR i IN 1..length(body) LOOP
    rest := (rest + substr(body, i, 1)::int) % 10;
    IF rest = 0 THEN rest := 10; END IF;
    rest := rest * 2 % 11;
  END LOOP;
  RETURN body || ((11 - rest) % 10)::text;
END $$"""

# One village: its code, the supervisor's part of it is found by prefix; who works there.
VILLAGES = """
CREATE TEMP TABLE village AS
SELECT row_number() OVER (ORDER BY area_id = %(village)s DESC, area_id) AS n, area_id AS code, array_agg(user_id ORDER BY user_id) AS helpers
FROM helpdesk_posting JOIN guides_area ON code = area_id WHERE level = 'community' GROUP BY area_id"""

REQUEST = """
INSERT INTO helpdesk_helprequest (reference, submission_key, kind, channel, guide_id, "case", guide_revision, area_id, name, phone, phone_index, for_someone,
  relation, call_time, note, consent_version, consent_at, queue_id, for_steward, for_supervisor, state, created_at, promised_at, contacted_at, pause_reason,
  escalation, owner_id, claimed_at, close_reason, close_text, close_whose, close_whose_phone, closed_at, reopened)"""
KNOWN = """
  (ARRAY['advice','accompany','agent','home'])[1 + i %% 4], (ARRAY['web','web','phone','walk_in'])[1 + i %% 4], g.id, '', g.number, v.code"""
PERSON = """
  (%(names)s::text[])[1 + i %% 20], (%(phones)s::text[])[1 + i %% 20], md5((i %% 400000)::text), false, '', 'any'"""

# Oldest first, as they came in. Whose personal data is due to be deleted (30 days after the end) holds none any more.
CLOSED = f"""{REQUEST}
SELECT pg_temp.checked((20000000 + i)::text), gen_random_uuid(), {KNOWN},
  CASE WHEN fresh THEN (%(names)s::text[])[1 + i %% 20] ELSE '' END, CASE WHEN fresh THEN (%(phones)s::text[])[1 + i %% 20] ELSE '' END,
  CASE WHEN fresh THEN md5((i %% 400000)::text) ELSE '' END, false, '', 'any', CASE WHEN fresh THEN %(note)s ELSE '' END,
  '2026-11', came, v.code, false, false, 'closed', came, came + interval '10 days', came + interval '3 hours', '',
  0, v.helpers[1 + i %% 2], came + interval '2 hours', (ARRAY['done','explained','done','impossible'])[1 + i %% 4],
  CASE WHEN fresh THEN %(note)s ELSE '' END, '', '', came + interval '4 days', 0
FROM (SELECT i, %(now)s::timestamptz - interval '5 days' - (%(count)s - i) * interval '1 day' * %(days)s / %(count)s AS came FROM generate_series(1, %(count)s) i) AS row
JOIN village v ON v.n = 1 + i %% (SELECT count(*) FROM village)
JOIN guide_now g ON g.n = 1 + i %% (SELECT count(*) FROM guide_now),
LATERAL (SELECT came > %(now)s::timestamptz - interval '34 days' AS fresh) AS kept"""

# Of each village's: every sixth is late (and was reported to its supervisor), the rest is due within two days; each came at most a day ago.
OPEN = f"""{REQUEST}
SELECT pg_temp.checked((10000000 + i)::text), gen_random_uuid(), {KNOWN}, {PERSON}, %(note)s,
  '2026-11', came, v.code, false, false, CASE WHEN waits THEN 'waiting' ELSE 'claimed' END, came,
  CASE WHEN k %% 6 = 0 THEN %(now)s::timestamptz - interval '3 hours' ELSE %(now)s::timestamptz + interval '1 hour' * (2 + k) END,
  CASE WHEN waits THEN NULL ELSE came + interval '2 hours' END, '', CASE WHEN k %% 6 = 0 THEN 1 ELSE 0 END,
  CASE WHEN waits THEN NULL ELSE v.helpers[1 + k %% 2] END, CASE WHEN waits THEN NULL ELSE came + interval '1 hour' END, '', '', '', '', NULL, 0
FROM village v CROSS JOIN generate_series(1, %(open)s) k, LATERAL (SELECT (v.n - 1) * %(open)s + k AS i) AS number
JOIN guide_now g ON g.n = 1 + i %% (SELECT count(*) FROM guide_now),
LATERAL (SELECT k %% 5 IN (1, 3) AS waits, %(now)s::timestamptz - interval '1 hour' * k AS came) AS row"""

GUIDES = """
CREATE TEMP TABLE guide_now AS
SELECT row_number() OVER (ORDER BY slug) AS n, g.id, (SELECT max(number) FROM guides_guiderevision r WHERE r.guide_id = g.id) AS number
FROM guides_guide g WHERE status = 'published' AND district = '640205000000'"""

EVENTS = """
INSERT INTO helpdesk_event (request_id, kind, by_id, by_name, detail, at)
SELECT id, e.kind, e.by_id, e.by_name, '', e.at FROM helpdesk_helprequest r, LATERAL (VALUES
  ('submitted', NULL::int, '居民', created_at), ('claimed', owner_id, '帮办员', claimed_at), ('contacted', owner_id, '帮办员', contacted_at),
  ('closed', owner_id, '帮办员', closed_at)) AS e(kind, by_id, by_name, at)
WHERE e.at IS NOT NULL ORDER BY r.id, e.at"""
MESSAGES = """
INSERT INTO helpdesk_message (request_id, sender, by_id, text, at, medium, read_at)
SELECT id, m.sender, m.by_id, CASE WHEN name = '' THEN '' ELSE %(note)s END, contacted_at + m.later, 'web', m.read_at
FROM helpdesk_helprequest, LATERAL (VALUES ('staff', owner_id, interval '10 minutes', contacted_at + interval '20 minutes'),
  ('resident', NULL::int, interval '30 minutes', CASE WHEN state = 'claimed' AND id %% 4 = 0 THEN NULL ELSE contacted_at + interval '1 hour' END)
) AS m(sender, by_id, later, read_at) WHERE owner_id IS NOT NULL AND id %% 2 = 0 ORDER BY id"""
PAPERS = """
INSERT INTO helpdesk_paper (request_id, name, detail, state, reason, remark)
SELECT id, '材料' || n, '原件一份', 'unchecked', '', '' FROM helpdesk_helprequest, generate_series(1, 5) n WHERE state IN ('waiting', 'claimed')"""


def fill(count: int) -> dict:
    """`count` requests in all. Returns the session keys and what is open."""
    from django.db import connection, transaction
    from django.utils import timezone

    from menpai.encryption import encrypt

    signed_in = _people(districts=1 + (OTHER_DISTRICTS if count >= 100_000 else 0))
    given = {
        "village": VILLAGE, "now": timezone.now(), "days": YEARS * 365, "open": OPEN_IN_A_VILLAGE,
        "names": [encrypt(f"{name}阿姨") for name in "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"], "phones": [encrypt(f"1390000{n:04}") for n in range(20)],
        "note": encrypt("想问一下要带什么材料，家里老人走不动，能不能上门来办。"),
    }  # fmt: skip
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")  # these rows are whole: no foreign key is looked up a million times
        for statement in (CHECK, VILLAGES, GUIDES):
            cursor.execute(statement.replace("%%", "%") if statement is CHECK else statement, None if statement is CHECK else given)
        cursor.execute("SELECT count(*) FROM village")
        given["count"] = count - cursor.fetchone()[0] * OPEN_IN_A_VILLAGE
        with _without_indexes(cursor):
            for statement in (CLOSED, OPEN, EVENTS, MESSAGES, PAPERS):
                cursor.execute(statement, given)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE)")
        cursor.execute("SELECT state, count(*) FROM helpdesk_helprequest GROUP BY state")
        return signed_in | {"rows": dict(cursor.fetchall())}


@contextmanager
def _without_indexes(cursor):
    """The plain indexes of the long tables are made again from what is there: in a third of the time that each row would take to enter them."""
    cursor.execute(
        "SELECT c.relname, pg_get_indexdef(c.oid) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE NOT i.indisunique"
        " AND i.indrelid IN ('helpdesk_helprequest'::regclass, 'helpdesk_event'::regclass, 'helpdesk_message'::regclass)"
    )
    found = cursor.fetchall()
    for name, _ in found:
        cursor.execute(f'DROP INDEX "{name}"')
    yield
    cursor.execute("SET LOCAL maintenance_work_mem = '256MB'")
    for _, definition in found:
        cursor.execute(definition)


def _people(districts: int) -> dict:
    """Two helpers a village, a supervisor a township and a district, all with a second factor. The sessions of three of them."""
    from django.contrib.auth import get_user_model
    from django.contrib.auth.models import Group

    from guides.models import Area, Level
    from helpdesk.models import Posting, SecondFactor
    from menpai.roles import Role

    ours = list(Area.objects.order_by("code"))
    for number in range(1, districts):  # neighbours of the same shape under codes of their own
        moved = {area.code: f"{640300 + number}{area.code[6:]}" for area in ours}
        Area.objects.bulk_create(Area(code=moved[a.code], name=a.name, level=a.level, parent_id=moved.get(a.parent_id)) for a in ours)
    users, posts = [], []
    for area in Area.objects.order_by("code"):
        for number in range(2 if area.level == Level.COMMUNITY else 1):
            users.append(get_user_model()(username=f"{area.code}-{number}", first_name=f"{area.short_name[:8]}{'甲乙'[number]}", password="!"))
            posts.append(area)
    get_user_model().objects.bulk_create(users)
    roles = {role: Group.objects.get(name=str(role)) for role in (Role.ASSISTANT, Role.SUPERVISOR)}
    for role, group in roles.items():
        group.user_set.add(*(user for user, area in zip(users, posts, strict=True) if (area.level == Level.COMMUNITY) == (role == Role.ASSISTANT)))
    Posting.objects.bulk_create(Posting(user=user, area=area) for user, area in zip(users, posts, strict=True))
    SecondFactor.objects.bulk_create(SecondFactor(user=user, name="手机", confirmed=True) for user in users)
    looks = {"helper": f"{VILLAGE}-0", "township": f"{VILLAGE[:9]}000-0", "district": f"{VILLAGE[:6]}000000-0"}
    return {name: signed_in(get_user_model().objects.get(username=username)) for name, username in looks.items()}


def signed_in(user) -> str:
    """The key of a session as the second factor leaves it."""
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django_otp import DEVICE_ID_SESSION_KEY

    from helpdesk.models import SecondFactor
    from helpdesk.sessions import SessionStore

    store = SessionStore()
    store[SESSION_KEY], store[BACKEND_SESSION_KEY] = str(user.pk), "django.contrib.auth.backends.ModelBackend"
    store[HASH_SESSION_KEY] = user.get_session_auth_hash()
    store[DEVICE_ID_SESSION_KEY] = SecondFactor.objects.get(user=user).persistent_id
    store.set_expiry(timedelta(hours=10))
    store.create()
    return store.session_key


if __name__ == "__main__":
    import django

    django.setup()
    sys.stdout.write(json.dumps(fill(int(sys.argv[1]))) + "\n")
