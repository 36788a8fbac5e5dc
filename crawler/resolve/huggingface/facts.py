"""A JSON answer of the Hub → facts of contract §6. Pure; what was not told or has a wrong type is absent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from crawler.licenses.hub import read_hub_license
from crawler.records import Facts, TargetKind
from crawler.resolve.huggingface.bases import read_base_models
from crawler.resolve.huggingface.parameters import read_parameter_facts

LICENSE_TAG: Final = "license:"
ARXIV_TAG: Final = "arxiv:"


def read_repository_facts(kind: TargetKind, answer: Mapping[str, Any]) -> Facts:
    """Facts of a model, dataset or space from the body of its API address or a listing's item."""
    told: Facts = {
        "full_name": _text(answer.get("id")),
        "host_id": _text(answer.get("_id")),
        "license": _read_license(answer),
        "gated": _read_gate(answer.get("gated")),
        "disabled": _flag(answer.get("disabled")),
        "downloads": _count(answer.get("downloads")),
        "likes": _count(answer.get("likes")),
        "last_modified": _time(answer.get("lastModified")),
        "revision": _text(answer.get("sha")),
    }
    if kind is TargetKind.HUGGINGFACE_MODEL:
        told |= {
            "pipeline_tag": _text(answer.get("pipeline_tag")),
            "library_name": _text(answer.get("library_name")),
            "base_models": read_base_models(answer),
            "arxiv_ids": _read_tags(answer, ARXIV_TAG),
            "used_storage": _count(answer.get("usedStorage")),
            **read_parameter_facts(answer, told["full_name"] or ""),
        }
    return _without_untold(told)


def read_owner_facts(answer: Mapping[str, Any]) -> Facts:
    """Facts of a user or organisation from its overview."""
    return _without_untold(
        {
            "login": read_owner_login(answer),
            "name": _text(answer.get("fullname")),
            "type": "user" if _text(answer.get("user")) else "organization",
        }
    )


def read_owner_login(answer: Mapping[str, Any]) -> str | None:
    """The name in addresses: users have `user`, organisations `name`."""
    return _text(answer.get("user")) or _text(answer.get("name"))


def _read_license(answer: Mapping[str, Any]) -> str | None:
    card = answer.get("cardData")
    card = card if isinstance(card, Mapping) else {}
    ids = _read_tags(answer, LICENSE_TAG) or list(_texts(card.get("license")))
    return read_hub_license(ids, _text(card.get("license_name")), _text(card.get("license_link")))


def _read_tags(answer: Mapping[str, Any], prefix: str) -> list[str] | None:
    """What follows `prefix` in the tags: none is an answer too, unless there are no tags at all."""
    if not isinstance(answer.get("tags"), list):
        return None
    found = [tag.removeprefix(prefix) for tag in _texts(answer["tags"]) if tag.startswith(prefix)]
    return list(dict.fromkeys(found))


def _read_gate(value: Any) -> str | bool | None:
    return value if isinstance(value, bool) else _text(value)


def _texts(value: Any) -> Iterator[str]:
    for item in value if isinstance(value, list) else [value]:
        if (text := _text(item)) is not None:
            yield text


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value.strip() else None


def _flag(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _time(value: Any) -> str | None:
    text = _text(value)
    if text is None:
        return None
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return None
    return text


def _without_untold(facts: Facts) -> Facts:
    return {field: value for field, value in facts.items() if value is not None}
