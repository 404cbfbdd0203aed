# What every node of a cluster runs: Searcher with Ray, PostgreSQL's client and torch.
#
#   docker build --tag searcher:0.1.0 .
#   docker build --tag searcher-cuda:0.1.0 --build-arg TORCH=cu130 .
#
# PYTHON may name a digest of your registry (python:3.11-slim-bookworm@sha256:...); all else is
# pinned by constraints.txt.
ARG PYTHON=python:3.11.14-slim-bookworm

FROM ${PYTHON} AS build
# Which of torch's indexes its wheel comes from: cpu, or the CUDA that the GPUs' driver knows.
ARG TORCH=cpu
ENV PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /build
COPY constraints.txt pyproject.toml README.md LICENSE ./
# The dependencies alone (of a package without modules), so that they stay when our code changes.
RUN python -m venv /opt/searcher \
    && /opt/searcher/bin/pip install --no-cache-dir --no-deps --constraint constraints.txt \
        --index-url "https://download.pytorch.org/whl/${TORCH}" torch \
    && /opt/searcher/bin/pip install --no-cache-dir --constraint constraints.txt \
        '.[cluster,postgres,torch]'
COPY cluster cluster
COPY search_spaces search_spaces
COPY searcher searcher
RUN /opt/searcher/bin/pip install --no-cache-dir --no-deps --force-reinstall . \
    && /opt/searcher/bin/pip check

FROM ${PYTHON}
# LightGBM needs libgomp1, whose versions leave Debian's archive when there is a newer one.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libgomp1 \
    && rm -rf /var/lib/apt/lists/* \
    && groupadd --gid 1000 searcher \
    && useradd --uid 1000 --gid 1000 --no-create-home --home-dir /tmp searcher \
    && install --directory --owner=1000 --group=1000 /files
COPY --from=build /opt/searcher /opt/searcher
# A Ray that is started here asks for a token. All that is written goes to /tmp, /dev/shm and /files.
ENV PATH=/opt/searcher/bin:$PATH \
    HOME=/tmp \
    PYTHONUNBUFFERED=1 \
    RAY_AUTH_MODE=token \
    RAY_USAGE_STATS_ENABLED=0
USER 1000:1000
WORKDIR /files
# Ray's agent, which answers this without a token, says whether the node lives.
HEALTHCHECK --interval=30s --timeout=10s --start-period=90s --retries=3 \
    CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:52365/api/local_raylet_healthz', timeout=5)"]
CMD ["searcher", "--help"]
