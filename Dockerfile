# syntax=docker/dockerfile:1
# The site as one image. Nothing in it is secret, and it runs as nobody in particular on a read-only file system with a tmpfs at /tmp.
# Bases are pinned by tag: the digest behind a tag cannot be known where this was written. `docker compose build --pull` takes its newest.
ARG PYTHON=python:3.12-slim-trixie
ARG POSTGRES=postgres:17-trixie

FROM ${POSTGRES} AS postgres

FROM ${PYTHON} AS build
WORKDIR /app
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
COPY requirements.lock ./
# Each checked by its hash, as wheels: no compiler is needed, and no script of a package runs. The one that is published as source only is plain Python.
RUN python -m venv /opt/venv \
    && /opt/venv/bin/pip install --no-cache-dir --no-compile --only-binary :all: --no-binary lunar-python --require-hashes -r requirements.lock
COPY manage.py LICENSE ./
COPY menpai ./menpai
COPY guides ./guides
COPY doorplates ./doorplates
COPY helpdesk ./helpdesk
COPY templates ./templates
COPY static ./static
COPY fixtures ./fixtures
COPY deploy ./deploy
COPY scripts/local_env.py ./scripts/
# Collecting needs settings, settings need keys: made for this one command and kept nowhere. Bytecode is made here, because nothing can be written later.
RUN python scripts/local_env.py > /tmp/keys && set -a && . /tmp/keys && rm /tmp/keys \
    && MENPAI_VAR=/app/var MENPAI_HTTPS=0 /opt/venv/bin/python manage.py collectstatic --no-input --verbosity 0 --ignore fonts
RUN /opt/venv/bin/pip uninstall --yes --quiet pip && python -m compileall -q /opt/venv/lib manage.py menpai guides doorplates helpdesk deploy
# The only places the site writes to; a volume mounted there takes over owner and mode.
RUN mkdir -p var/attachments var/imports var/backups && chown 10001:10001 var/attachments var/imports var/backups && chmod 700 var/attachments var/imports var/backups

FROM ${PYTHON}
ARG VERSION=0.1.0
ARG REVISION=
LABEL org.opencontainers.image.title="menpai" \
      org.opencontainers.image.description="数字政务门牌: the government service counter on the stairwell" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
# pg_dump and pg_restore for `manage.py backup`: out of the very image that the database runs in, so that they are never older than it.
# hadolint ignore=DL3008
RUN apt-get update && apt-get install --yes --no-install-recommends libpq5 && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin menpai
COPY --from=postgres /usr/lib/postgresql/17/bin/pg_dump /usr/lib/postgresql/17/bin/pg_restore /usr/local/bin/
RUN pg_dump --version && pg_restore --version
COPY --from=build /opt/venv /opt/venv
COPY --from=build /app /app
WORKDIR /app
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 MENPAI_VAR=/app/var BIND=0.0.0.0 MENPAI_REVISION=${REVISION}
USER 10001:10001
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=3 CMD ["python", "deploy/probe.py", "/healthz/"]
# gunicorn is the first process: it takes the signals, reaps its children, and needs no init beside it.
CMD ["gunicorn", "--no-control-socket", "--worker-tmp-dir", "/dev/shm", "-c", "deploy/gunicorn.conf.py", "menpai.wsgi:application"]
