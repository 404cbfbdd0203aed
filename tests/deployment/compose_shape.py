"""What compose.yaml may consist of: the part of the Compose specification that we use, closed.

https://compose-spec.io, whose schema it passes as well (asked once; the schema is not shipped).
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

Duration = Annotated[str, Field(pattern=r"^\d+[sm]$")]
Size = Annotated[str, Field(pattern=r"^\d+(kb|mb|gb|k|m|g)$")]
Condition = Literal["service_healthy", "service_completed_successfully", "service_started"]


class Part(BaseModel):
    """A mapping with these fields and no others."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Build(Part):
    """How an image is built."""

    context: str
    args: dict[str, str] = {}


class Health(Part):
    """How a service is asked whether it lives."""

    test: list[str]
    interval: Duration
    timeout: Duration
    start_period: Duration
    retries: int


class Secret(Part):
    """A secret under another name."""

    source: str
    target: str


class Attachment(Part):
    """A service's place in a network."""

    ipv4_address: str | None = None


class Dependency(Part):
    """What must be the case before a service starts."""

    condition: Condition


class Limits(Part):
    """The most that a container gets."""

    cpus: str
    memory: Size
    pids: int


class Resources(Part):
    """What a container gets."""

    limits: Limits


class Deploy(Part):
    """How often a service runs, and with what."""

    resources: Resources
    replicas: int = 1


class Logging(Part):
    """Where output goes."""

    driver: str
    options: dict[str, str]


class Service(Part):
    """A service."""

    image: str
    build: Build | None = None
    profiles: list[str] = []
    user: str | None = None
    read_only: bool = False
    init: bool = False
    privileged: bool = False
    cap_drop: list[str] = []
    cap_add: list[str] = []
    security_opt: list[str] = []
    network_mode: str | None = None
    pid: str | None = None
    environment: dict[str, str] = {}
    entrypoint: list[str] = []
    command: list[str] = []
    working_dir: str | None = None
    secrets: list[str | Secret] = []
    ports: list[str] = []
    networks: list[str] | dict[str, Attachment] = []
    volumes: list[str] = []
    tmpfs: list[str] = []
    shm_size: Size | None = None
    depends_on: dict[str, Dependency] = {}
    healthcheck: Health | None = None
    restart: Literal["no", "always", "on-failure", "unless-stopped"] = "no"
    stop_grace_period: Duration | None = None
    logging: Logging | None = None
    deploy: Deploy | None = None


class Network(Part):
    """A network."""

    internal: bool = False
    ipam: dict[str, list[dict[str, str]]] = {}


class SecretFile(Part):
    """Where a secret comes from."""

    file: str


class Compose(Part):
    """The whole file; ``x-...`` is for sharing and means nothing by itself."""

    name: str
    services: dict[str, Service]
    networks: dict[str, Network] = {}
    volumes: dict[str, dict[str, str]] = {}
    secrets: dict[str, SecretFile] = {}


def read(document: dict[str, Any]) -> Compose:
    """Read what a file says."""
    return Compose(**{k: v for k, v in document.items() if not k.startswith("x-")})


def refused(document: dict[str, Any]) -> list[str]:
    """What is not as it must be."""
    try:
        read(document)
    except ValidationError as error:
        return [f"{'.'.join(map(str, x['loc']))}: {x['msg']}" for x in error.errors()]
    return []
