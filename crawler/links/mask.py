"""An address as it may be shown to people: secrets in it hidden."""

from __future__ import annotations

import re

MASK = "***"
ADDRESS = re.compile(r"\w+://[^\s\"'<>]+")
USERINFO = re.compile(r"(//)[^/?#\\]*@")
PARAMETER = re.compile(r"(?<=[?&#;])(?P<name>[^=&#;]+)=[^&#;]+")
SECRET_NAME = re.compile(
    r"(?:^|[_.-])(?:token|key|apikey|accesskey|secret|password|passwd|pwd|pass|auth|authorization|"
    r"credentials?|sig|sign|signature|session|sessionid|jwt|ticket)$",
    re.IGNORECASE,
)
# Shapes that are secrets wherever they stand: tokens of GitHub, Hugging Face, OpenAI, Slack; JWT; AWS keys.
SECRET_VALUE = re.compile(
    r"(?:gh[pousr]_|github_pat_|hf_|sk-|xox[abpr]-)[A-Za-z0-9_-]{16,}|eyJ[\w-]{8,}\.[\w.-]+|AKIA[A-Z0-9]{16}"
)


def mask_url(url: str) -> str:
    """Hide credentials and token-like query values. For display only; takes any text and never raises."""
    text = USERINFO.sub(rf"\g<1>{MASK}@", url, count=1)
    text = PARAMETER.sub(_mask_parameter, text)
    return SECRET_VALUE.sub(MASK, text)


def mask_text(text: str) -> str:
    """The same for every address in running text, such as a log line or a traceback."""
    return SECRET_VALUE.sub(MASK, ADDRESS.sub(lambda address: mask_url(address[0]), text))


def _mask_parameter(parameter: re.Match[str]) -> str:
    return f"{parameter['name']}={MASK}" if SECRET_NAME.search(parameter["name"]) else parameter[0]
