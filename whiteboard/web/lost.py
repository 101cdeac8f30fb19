"""The pages for people who followed a wrong link: in the page's look, with a way on.

Must not know routes; which of the two pages is shown is `page.py`'s matter.
"""

import html
from typing import Final

import attrs


@attrs.frozen
class LostText:
    """What such a page says, in one language."""

    title: str
    reason: str
    way_on: str


NO_BOARD: Final = {
    "en": LostText(
        "No such board",
        "A board's name has letters, digits and _\u00a0.\u00a0- only, at most 128.",
        "To the front page",
    ),
    "zh": LostText(
        "没有这个白板", "白板名称只能包含字母、数字和 _\u00a0.\u00a0-，最多 128 个字符。", "前往首页"
    ),
}
"""The address was to be a board's."""

NO_PAGE: Final = {
    "en": LostText("Nothing here", "There is no page at this address.", "To the front page"),
    "zh": LostText("这里什么也没有", "这个地址没有页面。", "前往首页"),
}
"""Any other address."""


def lost_page(text: LostText, language: str, *, base: str, assets: str) -> bytes:
    """The page. It has no script of its own: early.js takes up the appearance that was chosen, and has the look fetched again.

    Args:
        base: the base path, without a slash at the end.
        assets: where the page's files are served.
    """
    title, reason, way_on = map(html.escape, (text.title, text.reason, text.way_on))
    base, assets = html.escape(base), html.escape(assets)
    return f"""<!doctype html>
<html lang="{language}">
<head>
  <meta charset="utf-8">
  <title>{title} · whiteboard</title>
  <meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover">
  <meta name="color-scheme" content="light dark">
  <meta name="referrer" content="same-origin">
  <link rel="icon" type="image/svg+xml" href="{assets}/favicon.svg">
  <script src="{assets}/js/early.js"></script>
  <link rel="stylesheet" href="{assets}/css/page.css">
</head>
<body>
  <main class="landing">
    <img class="lost-mark" src="{assets}/favicon.svg" alt="" width="72" height="72">
    <h1>{title}</h1>
    <p class="tagline">{reason}</p>
    <a class="button primary" href="{base}/">{way_on}</a>
  </main>
</body>
</html>
""".encode()
