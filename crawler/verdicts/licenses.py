"""A stated licence against what the hosts of an entry's links say. Pure.

Code is compared with repositories of code, weights with models, data with datasets. A licence stated without
saying for what agrees as soon as one of them agrees. docs/facts.md explains what counts as the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from crawler.licenses.addresses import read_license_address
from crawler.licenses.spdx import NO_ASSERTION, NO_LICENSE
from crawler.licenses.stated import Component, Permission, StatedLicense, StatedPart
from crawler.records import TargetKind
from crawler.verdicts.verdict import Standing, Verdict

FIELD: Final = "license"
LINK_FIELD: Final = "license_link"
COMPONENT_OF: Final = {
    TargetKind.GITHUB_REPO: Component.CODE,
    TargetKind.GITHUB_PATH: Component.CODE,
    TargetKind.HUGGINGFACE_MODEL: Component.WEIGHTS,
    TargetKind.HUGGINGFACE_DATASET: Component.DATA,
}
"""Spaces, owners and pages are the demo, the people and the news: their licence is not the project's."""
NAME_OF: Final = {
    Component.CODE: "the code",
    Component.WEIGHTS: "the weights",
    Component.DATA: "the data",
    Component.ANY: "the project",
}
_GNU_ENDING: Final = re.compile(r"-(?:only|or-later)$")


@dataclass(frozen=True, slots=True)
class HostLicense:
    """What the host of one project link says of its licence."""

    url: str
    kind: TargetKind
    license: str

    @property
    def component(self) -> Component | None:
        return COMPONENT_OF.get(self.kind)


@dataclass(frozen=True, slots=True)
class LicenseVerdict:
    """A verdict about one link of the entry."""

    url: str
    verdict: Verdict


def compare_licenses(
    stated: StatedLicense, told: Sequence[HostLicense], *, has_weights: bool = False
) -> Iterator[LicenseVerdict]:
    """The conflicts between a stated licence and what hosts say; nothing where they agree or say nothing.

    `has_weights`: the entry is a model, whose weights may have a licence of their own.
    """
    of_parts = [each for each in told if each.component is not None]
    for component in Component:
        parts = [part for part in stated.parts if part.component is component]
        of_it = [each for each in of_parts if component in {Component.ANY, each.component}]
        if not parts or not of_it or any(each.license == NO_ASSERTION for each in of_it):
            # A file that the host does not recognise may well be the stated licence.
            continue
        if not any(_agree(part, each) for part in parts for each in of_it):
            yield _conflict(stated, component, of_it[0], of_parts, has_weights)
    yield from _compare_permission(stated, of_parts)


def _conflict(
    stated: StatedLicense,
    component: Component,
    against: HostLicense,
    told: Sequence[HostLicense],
    has_weights: bool,
) -> LicenseVerdict:
    field = FIELD if component is Component.ANY else f"{FIELD}.{component}"
    reason = _find_reason(stated, component, against, told, has_weights)
    verdict = Verdict(Standing.CONFLICTS, field, stated.written, against.license, reason)
    return LicenseVerdict(against.url, verdict)


def _find_reason(
    stated: StatedLicense,
    component: Component,
    against: HostLicense,
    told: Sequence[HostLicense],
    has_weights: bool,
) -> str | None:
    for other in Component:
        others = [part for part in stated.parts if part.component is other]
        if other is not component and any(_agree(part, against) for part in others):
            return f"the host says the licence stated for {NAME_OF[other]}"
    if against.license == NO_LICENSE:
        return "the host finds no licence file"
    if component is Component.ANY and against.component is not None and has_weights:
        missing = Component.WEIGHTS if against.component is Component.CODE else Component.CODE
        if not any(each.component is missing for each in told):
            return (
                f"licence of code against licence of weights: the host tells that of "
                f"{NAME_OF[against.component]}, the list may state that of {NAME_OF[missing]}"
            )
    return None


def _compare_permission(stated: StatedLicense, told: Sequence[HostLicense]) -> Iterator[LicenseVerdict]:
    """A list that says "commercial use" where the licence of the weights or the data forbids it."""
    if stated.permission is not Permission.COMMERCIAL:
        return
    for each in told:
        if "-NC" in each.license.upper() and each.component is not Component.CODE:
            reason = f"the licence of {NAME_OF[each.component or Component.ANY]} forbids commercial use"
            yield LicenseVerdict(
                each.url,
                Verdict(Standing.CONFLICTS, f"{FIELD}.permission", stated.written, each.license, reason),
            )
            return


def _agree(part: StatedPart, told: HostLicense) -> bool:
    return any(is_same_license(part.license, each) for each in told.license.split(" AND "))


def is_same_license(stated: str, observed: str) -> bool:
    """Whether two values name the same licence, or one leaves open what the other says."""
    one, other = sorted((_key(stated), _key(observed)), key=len)
    if one == other:
        return True
    if "rail" in one and "rail" in other:
        # Lists hardly ever write which of the many RAIL licences they mean.
        return True
    # `gpl` leaves the version open; `cc-by` leaves it open too, and is not cc-by-nc.
    return re.match(r"-\d" if one.startswith("cc-") else "-", other.removeprefix(one)) is not None and (
        other.startswith(one)
    )


def _key(license_: str) -> str:
    """GPL-3.0, GPL-3.0-only and GPL-3.0-or-later are one: hosts do not tell them apart."""
    name = _GNU_ENDING.sub("", license_.lower().removeprefix("licenseref-"))
    return re.sub(r"[^a-z0-9.]+", "-", name).replace("llama-", "llama")


# --- a licence link that leads to somebody else's licence ------------------------------------------


@dataclass(frozen=True, slots=True)
class LicenseLink:
    """Where an entry's licence link leads: the repository, by its id and by the host's own id if known."""

    url: str
    repository: str
    host_id: str | None = None


@dataclass(frozen=True, slots=True)
class OwnRepository:
    """A repository among the entry's project links, with every name and id known of it."""

    name: str
    full_name: str | None = None
    host_id: str | None = None


def compare_license_link(link: LicenseLink, own: Sequence[OwnRepository]) -> Verdict:
    """Whether a licence link points into a repository of the entry.

    Another repository of the same owner is taken for the project's own.
    """
    if not own or read_license_address(link.url) is not None:
        return Verdict(Standing.OPEN, LINK_FIELD)
    owner = link.repository.casefold().partition("/")[0]
    names = {name.casefold() for each in own for name in (each.name, each.full_name) if name}
    is_own = owner in {name.partition("/")[0] for name in names} or (
        link.host_id is not None and link.host_id in {each.host_id for each in own}
    )
    observed = own[0].full_name or own[0].name
    if is_own:
        return Verdict(Standing.AGREES, LINK_FIELD, link.url, observed)
    reason = f"the licence link leads into another project: {link.repository}"
    return Verdict(Standing.CONFLICTS, LINK_FIELD, link.url, observed, reason)
