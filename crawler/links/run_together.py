"""Where an address runs into the next word: what copying glued together, taken apart again.

Only evidence cuts: the document's own other addresses, a name that begins again, a sentence that would have
no subject. Without any, the address stays whole.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class KnownAddresses:
    """What the document itself tells about its addresses.

    `repositories`: `host/owner/name` in lower case, from mentions that something delimits.
    `folders` and `names`: parts of addresses, in a glued text only. `runs_together`: the text was glued (PDF,
    copied pages), so an address may end in the middle of a word.
    """

    repositories: frozenset[str] = frozenset()
    folders: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    runs_together: bool = False


NOTHING_KNOWN: Final = KnownAddresses()


_FILE_ENDING = re.compile(
    r"\.(?:html?|pdf|ipynb|php|aspx?|md|tar\.gz|zip|csv|png|jpe?g|svg)(?=[A-Z0-9][^/?#]*$)"
)
_KNOWN_LONGER_ENDING = re.compile(r"\.(?:html5|md5|mdx|pdfs|htmlx|zipx|csvs)", re.IGNORECASE)
_SENTENCE_GOES_ON = re.compile(r"[ \t\u3000]+[\u3400-\u9fff]|[ \t]+[a-z]")
_TEXT_FOLLOWS = re.compile(r"[ \t\u3000]*[\u3400-\u9fff（，、：]|[ \t]+[A-Za-z:&]")
_CJK_SENTENCE = re.compile(
    r"[ \t\u3000]+[\u3400-\u9fff]|[ \t]+(?:is|are|was|has|have|can|aims|provides|supports)\b"
)
_WORD_BORDER = re.compile(
    r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|(?<=\d)(?=[A-Za-z])|(?<=[A-Za-z])(?=\d)|(?<=/)(?=[A-Z])"
)
_STARTERS: Final = re.compile(
    r"The|Th[ei]se|Th(?:is|at)|We|Our|In|Its?|An|A[st]|By|For|From|With|To|On|You|Your|T?[hH]ere|Welcome|Official|"
    r"Implementation|Code|Paper|Open|And|Or|If|When|While|Although|Recently|Introducing|See"
)
REPOSITORY = re.compile(
    r"https?://(github\.com|huggingface\.co(?:/datasets|/spaces)?|gitee\.com|modelscope\.cn/models)/([\w.-]+)/([\w.-]+)",
    re.IGNORECASE,
)
_SHORTEST_REPEAT: Final = 3


def glued_end(url: str, after: str, before: str, known: KnownAddresses) -> int:
    """The length of `url` without the word that the copy glued to it; its full length if nothing says so.

    `after` and `before` are the text around it.
    """
    if (ending := _FILE_ENDING.search(url)) and not _KNOWN_LONGER_ENDING.match(url, ending.start()):
        return ending.end()
    if not _TEXT_FOLLOWS.match(after):
        return len(url)
    path_start = url.find("/", url.find("//") + 2)
    if path_start < 0:
        return len(url)
    if (cut := _known_repository_end(url, after, known)) is not None:
        return cut
    if (cut := _repeated_name_end(url, path_start, after)) is not None:
        return cut
    if known.runs_together and (cut := _new_sentence_end(url, path_start, after, before, known)) is not None:
        return cut
    return len(url)


def suspected_end(url: str, after: str) -> int | None:
    """Where a word may have been glued to `url` though nothing proves it; None if nothing looks like it."""
    path_start = url.find("/", url.find("//") + 2)
    if path_start < 0 or not _CJK_SENTENCE.match(after):
        return None
    segment_start = url.rfind("/", path_start) + 1
    borders = [border.start() for border in _WORD_BORDER.finditer(url, segment_start + 1)]
    capitals = [border for border in borders if url[border].isupper() and url[border - 1].isupper()]
    return capitals[-1] if capitals and REPOSITORY.match(url) else None


def _known_repository_end(url: str, after: str, known: KnownAddresses) -> int | None:
    """The document names the shorter repository elsewhere, and a capital begins what is left over."""
    match = REPOSITORY.match(url)
    if match is None or repository_key(match) in known.repositories or not _SENTENCE_GOES_ON.match(after):
        return None
    start = match.start(3)
    for border in _WORD_BORDER.finditer(url, start + 1, match.end()):
        if (match[1] + "/" + match[2] + "/" + url[start : border.start()]).lower() in known.repositories:
            return border.start()
    return None


def repository_key(match: re.Match[str]) -> str:
    """`host/owner/name` in lower case."""
    return "/".join(match.groups()).lower()


def plain_letters(text: str) -> str:
    return re.sub(r"[\s_\-.]", "", text).lower()


def _repeated_name_end(url: str, path_start: int, after: str) -> int | None:
    """The sentence begins with the very name the path ends with: `…/BiLLaBiLLa是`, `…/bloomBLOOM is`."""
    segment_start = url.rfind("/", path_start) + 1
    segment = url[segment_start:]
    names = [
        plain_letters(segment_)
        for segment_ in url[path_start + 1 : segment_start].split("/")
        if len(segment_) > 3
    ]
    for cut in range(max(_SHORTEST_REPEAT, 1), len(segment) - _SHORTEST_REPEAT + 1):
        head, tail = segment[:cut], segment[cut:]
        if head[-1] in "-_.~" or tail[0] in "-_.~" or not tail[0].isalnum():
            continue
        plain_head, plain_tail = plain_letters(head), plain_letters(tail)
        following = plain_tail + plain_letters(re.split(r"[^\w\s.-]|[\u3400-\u9fff]", after, maxsplit=1)[0])
        if plain_tail == plain_head or (
            len(plain_tail) > len(plain_head) and plain_tail.startswith(plain_head) and len(plain_head) > 3
        ):
            return segment_start + cut
        if following.startswith(plain_head) and (tail[0].isupper() or tail[0].isdigit()):
            return segment_start + cut
        if tail[0].isupper() and plain_head.startswith(plain_tail) and len(plain_tail) > 3:
            return segment_start + cut
        if any(plain_tail == name for name in names) and tail[0].isupper():
            return segment_start + cut
        shared = _shared_words(head, tail)
        if shared and len(shared) > 5 and len(tail) > len(shared):
            return segment_start + cut
    return None


def _shared_words(head: str, tail: str) -> str:
    """The leading words that both names have: `chatglm-maths` and `chatglm-6b` share `chatglm`."""
    first = re.match(r"[A-Za-z]+", head)
    if first and tail.startswith(first[0]) and len(tail) > len(first[0]) and tail[len(first[0])] in "-_":
        return first[0]
    return ""


def _new_sentence_end(
    url: str, path_start: int, after: str, before: str, known: KnownAddresses
) -> int | None:
    """In glued text: a known name, a word that opens sentences, or a sentence without a subject."""
    segment_start = url.rfind("/", path_start) + 1
    segment = url[segment_start:]
    borders = [
        match.start() for match in _WORD_BORDER.finditer(url, segment_start) if match.start() > path_start + 1
    ]
    for border in borders:
        word = re.match(r"[A-Za-z]+", url[border:])
        if word and word.end() + border == len(url) and _STARTERS.fullmatch(word[0]) and after[:1] == " ":
            return border
    for border in borders:
        if plain_letters(url[:border]) in known.folders:
            return border
    for border in borders:
        if (
            border > segment_start
            and after[:1] == " "
            and len(url) - border > _SHORTEST_REPEAT
            and plain_letters(url[border:]) in known.names
        ):
            return border
    names = {plain_letters(name) for name in re.findall(r"[A-Za-z][\w.-]{2,}", before[-80:])}
    for border in borders:
        if border > segment_start and plain_letters(url[segment_start:border]) in names and after[:1] == " ":
            return border
    if _CJK_SENTENCE.match(after) and borders and plain_letters(segment) not in names:
        return borders[-1]
    return None
