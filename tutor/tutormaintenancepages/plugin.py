"""What Tutor loads: settings, patches of its Caddyfile, and the check of both."""

from __future__ import annotations

import html
import typing as t
from importlib.resources import files

from tutor import exceptions, fmt, hooks

from . import settings

PATCHES = files("tutormaintenancepages") / "patches"

hooks.Filters.CONFIG_DEFAULTS.add_items(
    [(settings.PREFIX + name, default) for name, default in settings.DEFAULTS.items()]
)

hooks.Filters.ENV_PATCHES.add_items(
    [(patch.name, patch.read_text(encoding="utf-8")) for patch in sorted(PATCHES.iterdir(), key=lambda one: one.name)]
)


def caddy_text(text: str) -> str:
    """Text for a page that is written into a Caddyfile between backquotes, where braces are placeholders.

    >>> caddy_text("<A> {b} `c`")
    '&lt;A&gt; &#123;b&#125; &#96;c&#96;'
    """
    escaped = html.escape(str(text))
    return escaped.replace("{", "&#123;").replace("}", "&#125;").replace("`", "&#96;")


hooks.Filters.ENV_TEMPLATE_FILTERS.add_item(("maintenance_pages_caddy_text", caddy_text))


@hooks.Actions.CONFIG_LOADED.add()
def check_settings(config: t.Mapping[str, t.Any]) -> None:
    """Refuses settings that the web server would not understand, or would understand as something else."""
    problems = settings.problems(config)
    if problems:
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        listed = "\n\n".join(str(problem) for problem in problems)
        raise exceptions.TutorError(f"The settings of the maintenance pages have {count}.\n\n{listed}")


@hooks.Actions.PLUGINS_LOADED.add()
def check_neighbours() -> None:
    """Says when another plugin answers a site's errors too: of two such blocks Caddy follows one, and which differs."""
    for name, content in hooks.Filters.ENV_PATCHES.iterate():
        if name.startswith("caddyfile") and "handle_errors" in content and "maintenance_pages" not in content:
            fmt.echo_alert(
                f"Another plugin has a handle_errors in its patch {name}: Caddy may follow that, and not show the page "
                "of the plugin maintenance-pages."
            )
