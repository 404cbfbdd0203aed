"""What the Dockerfile must say, and must not: one function a rule."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import PurePosixPath

from tests.deployment.launcher_rules import ROOT, SECRET, version
from tests.deployment.mutations import Rule

DEFAULT = re.compile(r"\$\{(\w+)\}")


@dataclass(frozen=True)
class Instruction:
    """One instruction with its continued lines, comments left out."""

    name: str
    rest: str

    @property
    def words(self) -> list[str]:
        """What follows the name, without options such as ``--from``."""
        return [word for word in self.rest.split() if not word.startswith("--")]


def parse(text: str) -> list[Instruction]:
    """Read a Dockerfile (without heredocs, which we don't use)."""
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    joined = "\n".join(lines).replace("\\\n", " ")
    return [Instruction(*line.split(maxsplit=1)) for line in joined.splitlines()]


def stages(text: str) -> list[list[Instruction]]:
    """The instructions of each stage, beginning with its FROM."""
    found: list[list[Instruction]] = []
    for instruction in parse(text):
        if instruction.name == "FROM":
            found.append([])
        if found:
            found[-1].append(instruction)
    return found


def pinned(text: str) -> Iterator[str]:
    """Each image that is built upon has a version, and can be given by its digest."""
    arguments = dict(x.rest.split("=", 1) for x in parse(text) if x.name == "ARG" and "=" in x.rest)
    for first, *_ in stages(text):
        image = first.words[0]
        name = DEFAULT.fullmatch(image)
        if name is None or name[1] not in arguments:
            yield f"{image} can't be given by its digest"
        tag = (arguments.get(name[1], "") if name else image).partition(":")[2]
        if not re.match(r"\d+\.\d+\.\d+-slim", tag):
            yield f"{image}: not a version of a slim image: {tag!r}"


def guarded(text: str) -> Iterator[str]:
    """What runs is not root, can be asked after, and asks for a token."""
    last = stages(text)[-1]
    said = {x.name: x.rest for x in last}
    user = said.get("USER", "root").split(":")[0]
    if not user.isdigit() or user == "0":
        yield f"runs as {user}: Kubernetes can't tell that it is not root"
    if not said.get("HEALTHCHECK", "NONE").strip().startswith("--"):
        yield "no health check"
    if "RAY_AUTH_MODE=token" not in said.get("ENV", ""):
        yield "a Ray that is started in it asks for no token"


def sources(text: str) -> Iterator[str]:
    """Nothing comes from elsewhere but what pip and apt bring, pinned."""
    for instruction in parse(text):
        if instruction.name == "ADD":
            yield f"ADD {instruction.rest}: COPY says what it does"
        if instruction.name == "RUN" and re.search(r"\b(curl|wget)\b", instruction.rest):
            yield f"fetches with no hash: {instruction.rest}"
        for command in instruction.rest.split("&&") if instruction.name == "RUN" else []:
            needs = "pip install" in command and "--no-deps --force-reinstall ." not in command
            if needs and "--constraint constraints.txt" not in command:
                yield f"not pinned: {command.strip()}"


def small(text: str) -> Iterator[str]:
    """No cache is left, and nothing that only building needs."""
    for instruction in parse(text):
        if instruction.name != "RUN":
            continue
        if "apt-get install" in instruction.rest:
            if "--no-install-recommends" not in instruction.rest:
                yield "apt installs what it recommends"
            if "rm -rf /var/lib/apt/lists" not in instruction.rest:
                yield "apt's lists are left in the layer"
        for command in instruction.rest.split("&&"):
            if "pip install" in command and "--no-cache-dir" not in command:
                yield f"pip's cache is left: {command.strip()}"
    for instruction in stages(text)[-1]:
        if instruction.name == "COPY" and "--from=build" not in instruction.rest:
            yield f"not from the stage that builds: COPY {instruction.rest}"


def secretless(text: str) -> Iterator[str]:
    """Nothing that opens anything is in the file, nor asked for as an argument."""
    for instruction in parse(text):
        if SECRET.search(instruction.rest):
            yield f"looks like a secret: {instruction.rest[:40]}"
        if instruction.name in ("ARG", "ENV") and re.search(
            r"(?i)\b\w*(token|password|secret|key)\w*=", instruction.rest.replace("=token", "")
        ):
            yield f"stays in the image's history: {instruction.rest[:40]}"


def released(text: str) -> Iterator[str]:
    """The commands at its top build this release."""
    tags = re.findall(r"--tag \S+:(\S+)", text)
    yield from (f"tag {tag} is not {version()}" for tag in tags if tag != version())
    if not tags:
        yield "does not say how it is built"


def complete(text: str) -> Iterator[str]:
    """What is copied is there, and is not kept out of the build by .dockerignore."""
    ignored = (ROOT / ".dockerignore").read_text()
    for instruction in parse(text):
        if instruction.name == "COPY" and "--from" not in instruction.rest:
            for name in instruction.words[:-1]:
                if not (ROOT / name).exists():
                    yield f"no {name}"
                if is_ignored(name, ignored):
                    yield f"{name} is kept out of the build"


RULES: tuple[Rule, ...] = (*(pinned, guarded, sources, small, secretless, released, complete),)


def is_ignored(path: str, ignored: str) -> bool:
    """Whether a .dockerignore keeps a path out: the last line that fits it decides.

    https://docs.docker.com/build/concepts/context/#dockerignore-files, as far as we use it.
    """
    verdict = False
    for line in ignored.splitlines():
        pattern = line.strip().removeprefix("!")
        if pattern and not pattern.startswith("#") and _fits(path, pattern):
            verdict = not line.startswith("!")
    return verdict


def _fits(path: str, pattern: str) -> bool:
    """Whether a path, or a folder that it lies in, is what a pattern means."""
    parts = PurePosixPath(path).parts
    above = ["/".join(parts[: n + 1]) for n in range(len(parts))]
    if pattern.startswith("**/"):
        return any(fnmatchcase(part, pattern[3:]) for part in parts)
    same_depth = [one for one in above if one.count("/") == pattern.count("/")]
    return any(fnmatchcase(one, pattern) for one in same_depth)
