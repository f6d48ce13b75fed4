"""A Wagtail site as `wagtail start` sets it up for production, with one page type. WAGTAIL_CACHE=1 adds wagtail-cache as its documentation says."""

import os
from pathlib import Path

SECRET_KEY = "a-peer-of-a-benchmark-on-loopback-and-nothing-else"
DEBUG = False
ALLOWED_HOSTS = ["*"]
CACHED = os.environ.get("WAGTAIL_CACHE") == "1"
INSTALLED_APPS = [
    "guidesite",
    "wagtail.contrib.forms", "wagtail.contrib.redirects", "wagtail.embeds", "wagtail.sites", "wagtail.users", "wagtail.snippets", "wagtail.documents",
    "wagtail.images", "wagtail.search", "wagtail.admin", "wagtail", *(["wagtailcache"] if CACHED else []), "modelcluster", "taggit",
    "django.contrib.admin", "django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions", "django.contrib.messages",
    "django.contrib.staticfiles",
]  # fmt: skip
MIDDLEWARE = [
    *(["wagtailcache.cache.UpdateCacheMiddleware"] if CACHED else []),
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "wagtail.contrib.redirects.middleware.RedirectMiddleware",
    *(["wagtailcache.cache.FetchFromCacheMiddleware"] if CACHED else []),
]
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
ROOT_URLCONF = "urls"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.debug", "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth", "django.contrib.messages.context_processors.messages",
            ]
        },  # fmt: skip
    }
]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql", "NAME": "wagtail", "USER": "postgres", "HOST": "127.0.0.1", "PORT": os.environ.get("PGPORT", ""),
        "CONN_MAX_AGE": 60,
    }
}  # fmt: skip
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
LANGUAGE_CODE = "zh-hans"
TIME_ZONE = "Asia/Shanghai"
USE_TZ = True
STATIC_URL = "/static/"
WAGTAIL_SITE_NAME = "guides"
WAGTAILADMIN_BASE_URL = "http://127.0.0.1"
MEDIA_ROOT = Path(__file__).parent / "media"
