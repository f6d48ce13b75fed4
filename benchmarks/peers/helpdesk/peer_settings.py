"""django-helpdesk as its installation guide has it, its own defaults otherwise; on the same database server, and no mail leaves."""

import os

import dj_database  # a few lines beside this file: the address of the database as we write it

SECRET_KEY = os.environ["PEER_SECRET_KEY"]
DEBUG = False
ALLOWED_HOSTS = ["127.0.0.1"]
INSTALLED_APPS = [
    "django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions", "django.contrib.messages", "django.contrib.staticfiles",
    "django.contrib.sites", "django.contrib.admin", "django.contrib.humanize", "rest_framework", "helpdesk",
]  # fmt: skip
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware", "django.contrib.sessions.middleware.SessionMiddleware", "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware", "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware", "django.middleware.clickjacking.XFrameOptionsMiddleware",
]  # fmt: skip
ROOT_URLCONF = "peer_urls"
TEMPLATES = [{
    "BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True,
    "OPTIONS": {"context_processors": [
        "django.template.context_processors.debug", "django.template.context_processors.request", "django.contrib.auth.context_processors.auth",
        "django.contrib.messages.context_processors.messages",
    ]},
}]  # fmt: skip
DATABASES = {"default": dj_database.parse(os.environ["DATABASE_URL"])}
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
HELPDESK_TEAMS_MODE_ENABLED, HELPDESK_TEAMS_MIGRATION_DEPENDENCIES = False, []  # its documentation: to do without pinax-teams
SITE_ID = 1
LOGIN_URL = "/login/"
STATIC_URL = "/static/"
MEDIA_ROOT = os.environ["PEER_HOME"]
EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
TIME_ZONE, USE_TZ = "Asia/Shanghai", True
