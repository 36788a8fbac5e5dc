"""Which models a Hub model was made from: by its tags, or as an adapter's configuration names it. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

BASE_TAG: Final = re.compile(r"base_model:(?:(?:adapter|finetune|merge|quantized):)?([^:]+)")
REPOSITORY_ID: Final = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}", re.ASCII)
"""Adapters name whatever their author loaded: just as well a folder of his."""


def read_base_models(answer: Mapping[str, Any]) -> list[str] | None:
    """Ids as told, each once; None where neither tags nor an adapter's configuration tell."""
    tags = answer.get("tags")
    base = read_adapter_base(answer)
    if not isinstance(tags, list):
        return [base] if base else None
    matches = (BASE_TAG.fullmatch(tag) for tag in tags if isinstance(tag, str))
    named = [match[1] for match in matches if match]
    return list(dict.fromkeys([*named, *([base] if base else [])]))


def is_adapter(answer: Mapping[str, Any]) -> bool:
    """Whether the configuration is that of an adapter."""
    return bool(_adapter_of(answer))


def read_adapter_base(answer: Mapping[str, Any]) -> str | None:
    """`base_model_name_or_path` of an adapter's configuration, where it is a repository of the Hub."""
    base = _adapter_of(answer).get("base_model_name_or_path")
    return base if isinstance(base, str) and REPOSITORY_ID.fullmatch(base) else None


def _adapter_of(answer: Mapping[str, Any]) -> Mapping[str, Any]:
    config = answer.get("config")
    adapter = config.get("peft") if isinstance(config, Mapping) else None
    return adapter if isinstance(adapter, Mapping) else {}
