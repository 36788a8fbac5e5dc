"""Made-up repositories and owners of the sandbox's Hub: all follows from a name and the world's seed."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from crawler.sandbox.world import World

LICENSES: Final = ("apache-2.0", "mit", "cc-by-nc-4.0", "llama2", "openrail", "gpl-3.0", "other", None)
PIPELINES: Final = ("text-generation", "text2text-generation", "image-text-to-text", "feature-extraction")
SIZES: Final = (125_000_000, 1_300_000_000, 6_700_000_000, 13_000_000_000, 70_000_000_000)
FIRST_DAY: Final = datetime(2022, 3, 2, 23, 29, 4, tzinfo=UTC)
"""The earliest creation date the Hub knows."""
SIZE_IN_NAME: Final = re.compile(r"(?:^|[-_/])(\d+(?:\.\d+)?)b(?:$|[-_])", re.IGNORECASE)


def invent_repository(world: World, kind: str, name: str, *, stranger: int = 0) -> dict[str, Any]:
    """All fields of one repository; `stranger` makes it somebody else's under the same name."""

    def pick(what: str, below: int) -> int:
        return world.number("hub", kind, name, stranger, what, below=below)

    created = FIRST_DAY + timedelta(minutes=pick("created", 2_000_000))
    modified = created + timedelta(minutes=pick("modified", 400_000))
    license_id = LICENSES[pick("license", len(LICENSES))]
    card = {"license": license_id} if license_id else {}
    if license_id == "other":
        card |= {"license_name": "made-up-license", "license_link": "LICENSE"}
    told: dict[str, Any] = {
        "_id": f"{int(created.timestamp()):08x}{pick('id', 16**16):016x}",
        "id": name,
        "author": name.partition("/")[0],
        "cardData": card,
        "createdAt": _time(created),
        "lastModified": _time(modified),
        "sha": "".join(f"{pick(f'sha {part}', 16**10):010x}" for part in range(4)),
        "likes": invent_likes(world, kind, name, stranger=stranger),
        "tags": [*([f"license:{license_id}"] if license_id else []), "region:us"],
    }
    if kind == "spaces":
        return told | {"sdk": "gradio"}
    told["downloads"] = pick("downloads", 200_000) + world.night * pick("downloaded", 500)
    if kind == "models":
        told |= _invent_model(name, told["tags"], pick)
    return told


def invent_likes(world: World, kind: str, name: str, *, stranger: int = 0) -> int:
    """How many like it tonight; a few more every night."""
    first = world.number("hub", kind, name, stranger, "likes", below=3000)
    return first + world.night * world.number("hub", kind, name, stranger, "liked", below=4)


def invent_owner(world: World, name: str, *, is_user: bool) -> dict[str, Any]:
    """What an overview tells."""
    shared = {
        "_id": f"{world.number('hub owner', name, below=16**16):024x}",
        "fullname": f"{name} (made up)",
        "avatarUrl": "https://huggingface.co/avatars/made-up.svg",
        "numFollowers": world.number("hub followers", name, below=5000) + world.night,
    }
    return shared | ({"user": name, "type": "user"} if is_user else {"name": name, "type": "org"})


def _invent_model(name: str, tags: list[str], pick: Any) -> dict[str, Any]:
    size = SIZES[pick("size", len(SIZES))]
    if match := SIZE_IN_NAME.search(name):
        size = int(float(match[1]) * 10**9)
    size = max(1_000, size + pick("exact", max(1, size // 40)))
    pipeline = PIPELINES[pick("pipeline", len(PIPELINES))]
    month, number = 1 + pick("month", 12), pick("paper", 20_000)
    tags += ["transformers", pipeline, f"arxiv:23{month:02}.{number:05}"]
    model: dict[str, Any] = {"library_name": "transformers", "pipeline_tag": pipeline}
    # As on the real Hub, the oldest kind of weights tells nothing of their number.
    match pick("weights", 5):
        case 0:
            tags.append("pytorch")
        case 1:
            model["gguf"] = {"total": size, "architecture": "llama", "context_length": 4096}
            tags.append("gguf")
        case _:
            steps = min(size, 4096)
            model["safetensors"] = {"parameters": {"BF16": size - steps, "F32": steps}, "total": size}
            tags.append("safetensors")
    return model


def _time(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")
