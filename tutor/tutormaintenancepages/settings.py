"""The plugin's settings: what there is, and what may stand there.

Everything here ends up in the web server's configuration, so nothing is taken that could say more there than it is
meant to.
"""

from __future__ import annotations

import difflib
import json
import re
import typing as t

PREFIX = "MAINTENANCE_PAGES_"

DEFAULTS: dict[str, t.Any] = {
    # Where the pages are: the output `tutorSettings` of the stack has it. Without it the page is the built-in one.
    "URL": "",
    # The instance's name in the stack's registry, for a page of its own. Without it, the one for all.
    "INSTANCE": "",
    # The language of the page; the first of the stack's `languages`.
    "LANGUAGE": "en",
    # Which answers of an application are replaced by the page, when a browser navigates.
    "STATUSES": [500, 502, 503, 504],
    # Paths that no person navigates to, whatever they accept. A star at the end stands for anything.
    "EXCLUDED_PATHS": ["/heartbeat", "/api/*", "/oauth2/*", "/login_refresh", "/csrf/*"],
    # Retry-After of a 503 that has none, in seconds.
    "RETRY_AFTER": 300,
    # How long a browser waits for an application to begin its answer before it is shown the page, in seconds: just below
    # the 60 of ingress-nginx, which answers a bare 504 by itself then.
    "UPSTREAM_TIMEOUT": 55,
    # A port of the web server's own, on loopback alone.
    "PORT": 9350,
}

# Not this plugin's but the stack's, which reads them from the same file (`instancesDirectory`).
OTHERS = {"EXTRA_HOSTS"}


class Problem(t.NamedTuple):
    """What is wrong with a setting."""

    setting: str
    found: t.Any
    allowed: str
    nearest: str | None = None

    def __str__(self) -> str:
        lines = [
            f"  {self.setting}",
            f"    found:    {json.dumps(self.found, ensure_ascii=True)[:160]}",
            f"    allowed:  {self.allowed}",
        ]
        if self.nearest is not None:
            lines.append(f"    nearest:  {self.nearest}")
        return "\n".join(lines)


def problems(config: t.Mapping[str, t.Any]) -> list[Problem]:
    """Everything that is wrong with the plugin's settings in a configuration of Tutor's."""
    found: list[Problem] = []
    for name in sorted(key[len(PREFIX) :] for key in config if key.startswith(PREFIX)):
        if name not in DEFAULTS and name not in OTHERS:
            close = difflib.get_close_matches(name, DEFAULTS, n=1, cutoff=0)
            nearest = [PREFIX + one for one in close]
            allowed = f"a setting: {', '.join(DEFAULTS)}"
            found.append(Problem(PREFIX + name, config[PREFIX + name], allowed, *nearest))
    for name, check in CHECKS.items():
        wrong = check(config.get(PREFIX + name, DEFAULTS[name]))
        if wrong is not None:
            found.append(Problem(PREFIX + name, config.get(PREFIX + name), *wrong))
    return found


Wrong = t.Optional[t.Union[tuple[str], tuple[str, t.Optional[str]]]]

URL = re.compile(r"https?://[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::[0-9]{1,5})?(?:/[A-Za-z0-9._~-]+)*", re.IGNORECASE)
LABEL = re.compile(r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?")
LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z]{2,4})?")
PATH = re.compile(r"/[A-Za-z0-9/._~-]*\*?")


def url(value: t.Any) -> Wrong:
    """An address below which the pages are."""
    if value == "" or (isinstance(value, str) and URL.fullmatch(value)):
        return None
    close = value.strip().split("?")[0].rstrip("/") if isinstance(value, str) else ""
    allowed = "an http(s) URL without query, such as https://pages.example.org/pages; or nothing"
    return (allowed, close if URL.fullmatch(close) else None)


def instance(value: t.Any) -> Wrong:
    """An instance's name."""
    if value == "" or (isinstance(value, str) and LABEL.fullmatch(value)):
        return None
    close = re.sub(r"[^a-z0-9]+", "-", value.lower()).strip("-")[:63] if isinstance(value, str) else ""
    return ("a name of lower-case letters, digits and inner hyphens; or nothing", close or None)


def language(value: t.Any) -> Wrong:
    """A language of the pages."""
    if isinstance(value, str) and LANGUAGE.fullmatch(value):
        return None
    return ("a language, such as en or pt-BR",)


def statuses(value: t.Any) -> Wrong:
    """Statuses that are the server's fault."""
    if isinstance(value, list) and value and all(is_whole(one, 500, 599) for one in value):
        return None
    return ("a list of statuses from 500 to 599, such as [500, 502, 503, 504]",)


def excluded_paths(value: t.Any) -> Wrong:
    """Paths, some with a star at their end."""
    if isinstance(value, list) and all(isinstance(one, str) and PATH.fullmatch(one) for one in value):
        return None
    return ('a list of paths, such as ["/heartbeat", "/api/*"]; a star stands at the end alone',)


def whole(first: int, last: int, unit: str) -> t.Callable[[t.Any], Wrong]:
    """A whole number."""

    def check(value: t.Any) -> Wrong:
        if is_whole(value, first, last):
            return None
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        close = str(min(max(int(value), first), last)) if is_number else None
        return (f"a whole number ({unit}) from {first} to {last}", close)

    return check


def is_whole(value: t.Any, first: int, last: int) -> bool:
    """Whether it is one; True is no number, though Python takes it for 1."""
    return isinstance(value, int) and not isinstance(value, bool) and first <= value <= last


CHECKS: dict[str, t.Callable[[t.Any], Wrong]] = {
    "URL": url,
    "INSTANCE": instance,
    "LANGUAGE": language,
    "STATUSES": statuses,
    "EXCLUDED_PATHS": excluded_paths,
    "RETRY_AFTER": whole(1, 86_400, "seconds"),
    "UPSTREAM_TIMEOUT": whole(1, 3_600, "seconds"),
    "PORT": whole(1024, 65_535, "port"),
}
