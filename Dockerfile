# Liveblog in a container: the server as one unprivileged user, its data in /data.
#
# `docker run --init -p 8000:8000 -v liveblog:/data -e LIVEBLOG_SECRET=... IMAGE` is a whole
# liveblog with its storage inside; docker-compose.yml is the larger one.

FROM node:22-bookworm-slim AS client
WORKDIR /src/client
COPY client/package.json client/package-lock.json client/.npmrc ./
RUN npm ci
COPY client/ ./
RUN node build.mjs

FROM python:3.13-slim-bookworm AS packages
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /src
COPY requirements/runtime.txt requirements/build.txt requirements/
RUN python -m venv /opt/liveblog \
    && /opt/liveblog/bin/pip install --require-hashes -r requirements/runtime.txt \
    && python -m venv /opt/build \
    && /opt/build/bin/pip install --require-hashes -r requirements/build.txt
COPY pyproject.toml README.md LICENSE ./
COPY events/ events/
COPY server/ server/
COPY --from=client /src/server/static/ server/static/
RUN /opt/build/bin/hatchling build -t wheel -d /src/dist \
    && /opt/liveblog/bin/pip install --no-deps --no-index /src/dist/*.whl

FROM python:3.13-slim-bookworm
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin liveblog \
    && install -d -o liveblog -g liveblog -m 0750 /data
COPY --from=packages /opt/liveblog /opt/liveblog
ENV PATH=/opt/liveblog/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    LIVEBLOG_HOST=0.0.0.0 \
    LIVEBLOG_PORT=8000 \
    LIVEBLOG_DATA=/data
USER 10001
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen(f\"http://127.0.0.1:{os.environ['LIVEBLOG_PORT']}/readyz\", timeout=4)"]
ENTRYPOINT ["liveblog"]
CMD ["serve"]
