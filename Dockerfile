# The site as one image. Nothing in it is secret, and it runs as nobody in particular on a read-only file system with a tmpfs at /tmp.
FROM python:3.12-slim AS build
WORKDIR /app
COPY requirements.lock .
RUN python -m venv /opt/venv && /opt/venv/bin/pip install --no-cache-dir --no-compile --require-hashes -r requirements.lock
COPY . .
# Collecting needs settings, settings need keys: made for this one command and kept nowhere.
RUN env $(python scripts/local_env.py | grep -v '^#') MENPAI_VAR=/app/var MENPAI_HTTPS=0 \
    /opt/venv/bin/python manage.py collectstatic --no-input --verbosity 0 --ignore fonts \
    && /opt/venv/bin/python -m compileall -q /opt/venv/lib menpai guides doorplates helpdesk

FROM python:3.12-slim
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin menpai
COPY --from=build /opt/venv /opt/venv
COPY --from=build /app /app
WORKDIR /app
# The only places the site writes to; a volume mounted there takes over their owner.
RUN cd /app && mkdir -p var/attachments var/imports && chown menpai:menpai var/attachments var/imports && chmod 700 var/attachments var/imports
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 MENPAI_VAR=/app/var BIND=0.0.0.0
USER menpai
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=5s --start-period=20s CMD ["python", "deploy/probe.py", "/healthz/"]
CMD ["gunicorn", "--no-control-socket", "--worker-tmp-dir", "/dev/shm", "-c", "deploy/gunicorn.conf.py", "menpai.wsgi:application"]
