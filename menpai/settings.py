"""All settings, read once from the environment; docs/operations.md has the table. A missing secret stops the start with a sentence."""

import json
import os
from datetime import time
from ipaddress import ip_network
from pathlib import Path

import dj_database_url
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = Path(os.environ.get("MENPAI_VAR", BASE_DIR / "var"))


def env(name: str, default: str = "") -> str:
    """The variable, or the content of the file that NAME_FILE points at (so that secrets may be mounted)."""
    path = os.environ.get(f"{name}_FILE")
    return Path(path).read_text(encoding="utf-8").strip() if path else os.environ.get(name, default)


def env_bool(name: str, default: bool = False) -> bool:
    """True for 1/true/yes/on, False for 0/false/no/off; anything else stops the start."""
    value = env(name, "1" if default else "0").lower()
    if value not in {"1", "true", "yes", "on", "0", "false", "no", "off", ""}:
        raise ImproperlyConfigured(f"{name} must be 1 or 0, not {value!r}.")
    return value in {"1", "true", "yes", "on"}


def env_list(name: str, default: str = "") -> list[str]:
    return [part.strip() for part in env(name, default).split(",") if part.strip()]


def env_secret(name: str, hint: str, *, least: int = 32) -> str:
    """A secret of at least `least` characters. Raises ImproperlyConfigured with what to do."""
    value = env(name)
    if len(value) < least or value.lower().startswith(("change", "default", "django-insecure", "example")):
        raise ImproperlyConfigured(
            f"{name} is missing, a placeholder, or shorter than {least} characters. {hint} "
            "`make run` makes one for a trial; for production see docs/operations.md."
        )
    return value


DEBUG = env_bool("MENPAI_DEBUG")
DEMO = env_bool("MENPAI_DEMO")  # demo accounts may exist only with this switch or DEBUG
HTTPS = env_bool("MENPAI_HTTPS", default=True)

SECRET_KEY = env_secret("MENPAI_SECRET_KEY", "Set it to a long random text.", least=50)
PII_KEYS = [key for key in env_secret("MENPAI_PII_KEYS", "Set it to Fernet keys, newest first, separated by commas.").split(",") if key]
PII_INDEX_KEYS = env_secret("MENPAI_PII_INDEX_KEY", "Set it to a long random text; to change it, newest first, separated by commas.").split(",")
if any(len(key) < 32 for key in PII_INDEX_KEYS):
    raise ImproperlyConfigured("MENPAI_PII_INDEX_KEY: each key, between the commas, needs 32 characters and no comma in it.")

SITE_URL = env("MENPAI_SITE_URL", "http://127.0.0.1:8000").rstrip("/")
if SITE_URL.count("/") != 2:
    raise ImproperlyConfigured("MENPAI_SITE_URL must be https://host with no path: the printed codes hold it in upper case.")
ALLOWED_HOSTS = env_list("MENPAI_HOSTS", "127.0.0.1,localhost")
CSRF_TRUSTED_ORIGINS = env_list("MENPAI_TRUSTED_ORIGINS", SITE_URL if HTTPS else "")
PAGE_CACHE_MB = int(env("MENPAI_PAGE_CACHE_MB", "0" if DEBUG else "32"))  # memory of each web process for pages that are the same for all; 0: none
TRUSTED_PROXIES = env_list("MENPAI_TRUSTED_PROXIES")  # addresses whose X-Real-IP is believed

# What a district says of itself. Empty means unknown, and unknown is not shown.
SITE_NAME = env("MENPAI_SITE_NAME", "数字政务门牌")
DISTRICT_CODE = env("MENPAI_DISTRICT", "640205000000")
ORGANISER = env("MENPAI_ORGANISER", "")  # 主办单位
ICP_NUMBER = env("MENPAI_ICP", "")
POLICE_NUMBER = env("MENPAI_POLICE_RECORD", "")
SITE_ID = env("MENPAI_SITE_ID", "")  # 政府网站标识码
HOTLINE = env("MENPAI_HOTLINE", "12345")
RETENTION_DAYS = int(env("MENPAI_RETENTION_DAYS", "30"))  # personal data is scrubbed this many days after closing
# For the operator (menpai/metrics.py, menpai/health.py, menpai/logs.py).
METRICS_TOKEN = env("MENPAI_METRICS_TOKEN")  # whoever brings it gets /metrics; empty, with no addresses either: nobody
if METRICS_TOKEN and len(METRICS_TOKEN) < 20:
    raise ImproperlyConfigured("MENPAI_METRICS_TOKEN needs 20 characters or more.")
try:
    METRICS_FROM = [ip_network(part) for part in env_list("MENPAI_METRICS_FROM")]  # addresses or networks that get it without
except ValueError as error:
    raise ImproperlyConfigured(f"MENPAI_METRICS_FROM holds what is no address or network: {error}") from None
SLOW_MS = int(env("MENPAI_SLOW_MS", "2000"))  # a request that takes longer is logged
SQL_IDS = env_bool("MENPAI_SQL_IDS")  # the request's id as a comment before each statement
REVISION = env("MENPAI_REVISION")  # of the source that the image was built from
TLS_PROBE = env("MENPAI_TLS_PROBE")  # host:port where visitors' HTTPS ends: its certificate's last day is shown
try:
    DAILY_AT = time.fromisoformat(env("MENPAI_DAILY_AT", "03:10"))  # when `every_day --loop` does its jobs
except ValueError:
    raise ImproperlyConfigured("MENPAI_DAILY_AT must be a time of day such as 03:10.") from None
PHOTO_DAYS = int(env("MENPAI_PHOTO_DAYS", "30"))  # a photo of a paper is deleted this many days after it was sent,
PHOTO_DAYS_AFTER_END = int(env("MENPAI_PHOTO_DAYS_AFTER_END", "3"))  # or this many after its request ended, whichever comes first

INSTALLED_APPS = [
    "menpai.apps.BackOfficeConfig",  # django.contrib.admin with our first page
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "csp",
    "axes",
    "django_otp",
    "qr_code",
    "menpai.apps.MenpaiConfig",
    "guides",
    "doorplates",
    "helpdesk",
]

MIDDLEWARE = [
    "menpai.middleware.request_id",
    "menpai.metrics.watch",
    "menpai.health.metrics_page",  # before hosts are checked and http is redirected: who scrapes knows neither
    "django.middleware.security.SecurityMiddleware",
    "menpai.middleware.content_policy",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.gzip.GZipMiddleware",  # pads each answer at random, so that its length tells nothing of a token (BREACH)
    "menpai.middleware.coded",
    "django.middleware.http.ConditionalGetMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_otp.middleware.OTPMiddleware",
    "helpdesk.signed_in.one_look",
    "helpdesk.gate.staff_gate",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "menpai.urls"
WSGI_APPLICATION = "menpai.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "guides.site_words.site",
            ],
            "builtins": ["menpai.templatetags.pages"],
        },
    }
]

DATABASES = {
    "default": dj_database_url.parse(
        env("DATABASE_URL", f"sqlite:///{VAR_DIR / 'menpai.sqlite3'}"), conn_max_age=60, conn_health_checks=True
    )
}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # Without IMMEDIATE nine writes of ten fail under load: a read-then-write transaction cannot upgrade its lock.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;PRAGMA cache_size=-16000;",
    }
else:
    # A server that is gone is told within seconds, so that the page which keeps what was typed comes before the phone gives up.
    DATABASES["default"]["OPTIONS"] = {"connect_timeout": 5, "tcp_user_timeout": 10_000} | DATABASES["default"].get("OPTIONS", {})

# Reads of public pages go to a streaming replica (guides/from_replica.py). Read only, whatever it is: should it be the primary one day, nothing is written by mistake.
REPLICA_URL = env("DATABASE_REPLICA_URL")
if REPLICA_URL:
    DATABASES["replica"] = dj_database_url.parse(REPLICA_URL, conn_max_age=60, conn_health_checks=True)
    if not DATABASES["replica"]["ENGINE"].endswith("postgresql"):
        raise ImproperlyConfigured("DATABASE_REPLICA_URL must be postgres://…: only PostgreSQL has replicas.")
    DATABASES["replica"]["OPTIONS"] = {"connect_timeout": 2, "options": "-c default_transaction_read_only=on"} | DATABASES["replica"].get("OPTIONS", {})
    DATABASES["replica"]["TEST"] = {"MIRROR": "default"}
    DATABASE_ROUTERS = ["menpai.replica.Router"]
    MIDDLEWARE.insert(1, "guides.from_replica.FromReplica")


def limits_in_redis(url: str) -> dict:
    """The limits of public forms. Short patience: without Redis the database counts (menpai/throttle.py)."""
    from redis.backoff import NoBackoff  # not loaded by a site that has none
    from redis.retry import Retry

    # One try more: a line that was kept from before a restart of Redis is noticed when it is used.
    patience = {"socket_connect_timeout": 0.3, "socket_timeout": 0.3, "retry": Retry(NoBackoff(), 1)}
    return {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": url, "KEY_PREFIX": "menpai-limits", "OPTIONS": patience}


REDIS_URL = env("MENPAI_REDIS_URL")
if REDIS_URL:
    if not REDIS_URL.startswith(("redis://", "rediss://", "unix://")):
        raise ImproperlyConfigured("MENPAI_REDIS_URL must begin with redis://, rediss:// or unix://.")
    CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}, "limits": limits_in_redis(REDIS_URL)}

AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "menpai.passwords.LongEnough", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "desk:login"
LOGIN_REDIRECT_URL = "desk:queue"
LOGOUT_REDIRECT_URL = "desk:login"
SESSION_ENGINE = "helpdesk.sessions"
SESSION_COOKIE_AGE = 60 * 60 * 10  # a working day
SECOND_FACTOR = env_bool("MENPAI_SECOND_FACTOR", default=not DEMO)  # six digits of a phone after the password (helpdesk/gate.py)
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"

# Counted by account and address together: a stranger's wrong tries never lock the owner out.
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = 0.25  # hours
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_CLIENT_IP_CALLABLE = "menpai.throttle.client_address"
AXES_LOCKOUT_TEMPLATE = "locked_out.html"
AXES_RESET_ON_SUCCESS = True
AXES_VERBOSE = False
AXES_ENABLE_ADMIN = False  # its pages are English only; a lock ends by itself, and `axes_reset` lifts it at once

LANGUAGE_CODE = "zh-hans"
TIME_ZONE = "Asia/Shanghai"
USE_I18N = True
USE_TZ = True

STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
# Photos of papers: encrypted by us before they are written, on our own disk or in an S3-compatible store. No address leads to them.
S3_BUCKET = env("MENPAI_S3_BUCKET")
PRIVATE_DISK = {
    "BACKEND": "django.core.files.storage.FileSystemStorage",
    "OPTIONS": {"location": VAR_DIR / "attachments", "file_permissions_mode": 0o600, "directory_permissions_mode": 0o700},
}


def private_s3(folder: str = "") -> dict:
    """The store that MENPAI_S3_* name. Short patience: a store that does not answer must not hold the desk."""
    from botocore.config import Config  # not loaded by a site that keeps its photos on its own disk

    patience = {"connect_timeout": 5, "read_timeout": 20, "retries": {"total_max_attempts": 2}}
    # Stores other than Amazon's do not know its newer checksums; ours is in the encryption.
    plain = {"request_checksum_calculation": "when_required", "response_checksum_validation": "when_required"}
    style = {"addressing_style": env("MENPAI_S3_ADDRESSING", "auto")}  # "path" for most stores of one's own
    return {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {
            "bucket_name": S3_BUCKET,
            "location": folder,
            "endpoint_url": env("MENPAI_S3_ENDPOINT") or None,
            "region_name": env("MENPAI_S3_REGION") or None,
            "access_key": env("MENPAI_S3_ACCESS_KEY") or None,
            "secret_key": env("MENPAI_S3_SECRET_KEY") or None,
            "client_config": Config(s3=style, signature_version="s3v4", **patience, **plain),
            "default_acl": "private",
            "querystring_auth": True,
            "file_overwrite": True,  # no name is used twice, so nothing needs to be asked before writing
        },
    }


IMPORTS_DISK = PRIVATE_DISK | {"OPTIONS": PRIVATE_DISK["OPTIONS"] | {"location": VAR_DIR / "imports"}}  # workbooks on their way in, 7 days at most

STORAGES = {
    "private": private_s3() if S3_BUCKET else PRIVATE_DISK,
    "imports": private_s3("imports") if S3_BUCKET else IMPORTS_DISK,
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}

# Nothing from outside, no inline script or style: what a page needs is in static/.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "worker-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}
X_FRAME_OPTIONS = "DENY"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
CSRF_FAILURE_VIEW = "helpdesk.views.resident.csrf_failure"
CSRF_COOKIE_HTTPONLY = True
if HTTPS:
    SECURE_SSL_REDIRECT = True
    SECURE_REDIRECT_EXEMPT = [r"^healthz/$", r"^readyz/$"]
    SECURE_HSTS_SECONDS = 31536000
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True
    if TRUSTED_PROXIES:
        SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

# How people are told outside the site (helpdesk/channels.py). Nothing set: nothing is sent, and everything else works.
def _json(name: str, text: str, kind: type):
    """The text as JSON of that kind; anything else stops the start."""
    try:
        value = json.loads(text)
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} is not JSON: {error}") from None
    if not isinstance(value, kind):
        raise ImproperlyConfigured(f"{name} must be a JSON {'object' if kind is dict else 'value'}.")
    return value


MAIL_SECURITY = env("MENPAI_MAIL_SECURITY", "ssl")
if MAIL_SECURITY not in {"ssl", "starttls", "none"}:
    raise ImproperlyConfigured(f"MENPAI_MAIL_SECURITY must be ssl, starttls or none, not {MAIL_SECURITY!r}.")
EMAIL_HOST = env("MENPAI_MAIL_HOST")
EMAIL_PORT = int(env("MENPAI_MAIL_PORT") or {"ssl": 465, "starttls": 587, "none": 25}[MAIL_SECURITY])
EMAIL_HOST_USER = env("MENPAI_MAIL_USER")
EMAIL_HOST_PASSWORD = env("MENPAI_MAIL_PASSWORD")
EMAIL_USE_SSL, EMAIL_USE_TLS = MAIL_SECURITY == "ssl", MAIL_SECURITY == "starttls"
EMAIL_TIMEOUT = 10  # seconds for each step
DEFAULT_FROM_EMAIL = env("MENPAI_MAIL_FROM") or EMAIL_HOST_USER
SMS_URL = env("MENPAI_SMS_URL")
if SMS_URL and not SMS_URL.startswith(("https://", "http://127.0.0.1:", "http://localhost:")):
    raise ImproperlyConfigured("MENPAI_SMS_URL must begin with https:// (plain http only to this machine itself).")
SMS_METHOD = env("MENPAI_SMS_METHOD", "POST").upper()
if SMS_METHOD not in {"POST", "PUT", "GET"}:
    raise ImproperlyConfigured(f"MENPAI_SMS_METHOD must be POST, PUT or GET, not {SMS_METHOD!r}.")
SMS_HEADERS = _json("MENPAI_SMS_HEADERS", env("MENPAI_SMS_HEADERS", "{}"), dict)
SMS_BODY = _json("MENPAI_SMS_BODY", env("MENPAI_SMS_BODY", '{"phone": "{phone}", "text": "{text}", "id": "{id}"}'), object)
SMS_SUCCESS = env("MENPAI_SMS_SUCCESS")  # code=0 or data.status=OK: where the answer's JSON says that it was taken; empty: the status 2xx does
RESIDENT_SMS = env_bool("MENPAI_RESIDENT_SMS")  # whether residents get text messages at all
ROBOT_HOSTS = env_list("MENPAI_ROBOT_HOSTS", "qyapi.weixin.qq.com,oapi.dingtalk.com")  # host or host:port; nobody can make the site call another

# The fields of a form. Files are bounded by BoundedUpload (52 MB a sending, menpai/uploads.py); larger ones wait in /tmp, never in memory.
DATA_UPLOAD_MAX_MEMORY_SIZE = 256 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 3000
DATA_UPLOAD_MAX_NUMBER_FILES = 20  # the form says five; what is more gets its sentence, what is far more is no form of ours
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
FILE_UPLOAD_HANDLERS = [
    "menpai.uploads.BoundedUpload",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]

DEFAULT_EXCEPTION_REPORTER_FILTER = "menpai.logs.ReportFilter"
LOG_FORMAT = env("MENPAI_LOG_FORMAT", "line")
if LOG_FORMAT not in {"line", "json"}:
    raise ImproperlyConfigured(f"MENPAI_LOG_FORMAT must be line or json, not {LOG_FORMAT!r}.")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"request_id": {"()": "menpai.logs.RequestIdFilter"}},
    "formatters": {"line": {"()": "menpai.logs.LineFormatter"}, "json": {"()": "menpai.logs.JsonFormatter"}},
    "handlers": {
        "stderr": {"class": "logging.StreamHandler", "formatter": LOG_FORMAT, "filters": ["request_id"]},
        "counter": {"class": "menpai.tally.ErrorCounter"},
    },
    "root": {"handlers": ["stderr", "counter"], "level": "INFO"},
    "loggers": {"django": {"handlers": [], "level": "INFO", "propagate": True}},
}
