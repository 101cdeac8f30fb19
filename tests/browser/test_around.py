"""What stands around the board: finding boards, sharing, languages, keys, layout, access (R1, R25, R35)."""

import re
from pathlib import Path

import pytest
from browser.conftest import Browse, Invite, introduce, stored
from browser.person import Person, meet, zigzag
from integration.server_process import ServerProcess
from playwright.sync_api import Dialog, expect

pytestmark = pytest.mark.browser

KEY_SHAPED = re.compile(r"^[a-z]+(\.[A-Za-z0-9]+)+$")
NAMES = """() => [...document.querySelectorAll("button, a[href], input, textarea, [role=toolbar], [role=group], dialog, nav")]
  .map(node => {
    const by = node.getAttribute("aria-labelledby");
    const label = node.labels?.[0]?.textContent;
    const name = by ? document.getElementById(by)?.textContent : node.getAttribute("aria-label") || label || node.textContent;
    return { what: node.outerHTML.slice(0, 160), name: (name ?? "").trim() };
  })"""
TEXTS = """() => {
  const found = [document.title], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) if (!/SCRIPT|STYLE|NOSCRIPT/.test(walker.currentNode.parentNode.tagName)) found.push(walker.currentNode.data.trim());
  for (const node of document.querySelectorAll("[aria-label], [title], [placeholder]"))
    for (const name of ["aria-label", "title", "placeholder"]) found.push((node.getAttribute(name) ?? "").trim());
  return found.filter(Boolean);
}"""
LAYOUT = """() => {
  const parts = [".corner-left", ".corner-right", ".style", ".style-button", ".toolbar", ".undo", ".zoom"];
  const boxes = parts.map(part => [part, document.querySelector(part)?.getBoundingClientRect()]).filter(([, box]) => box?.width);
  const found = [];
  boxes.forEach(([part, a], i) => {
    if (a.left < 0 || a.top < 0 || a.right > innerWidth || a.bottom > innerHeight) found.push(`${part} is cut off`);
    for (const [other, b] of boxes.slice(i + 1))
      if (a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom) found.push(`${part} lies on ${other}`);
  });
  return found;
}"""


def open_everything(person: Person) -> None:
    """All that comes and goes: menus, the list of people, the help, the bar of what is selected."""
    person.shape("rectangle", (300, 200), (400, 260))
    person.find("people").click()
    expect(person.find("people-panel")).to_be_visible()
    person.find("menu").click()
    expect(person.find("menu-panel")).to_be_visible()
    person.find("help-button").click()
    expect(person.find("help")).to_be_visible()


def test_from_the_front_page_to_a_shared_board(browse: Browse, shared_server: ServerProcess) -> None:
    """A new board is one click away, its copied link brings another to it, and both find it again. [R1, R25]"""
    context = browse()
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    ada, lin = meet(context), meet(browse())
    introduce(ada, "Ada")
    introduce(lin, "Lin")
    ada.page.goto(shared_server.url)
    ada.find("create").click()
    ada.arrives()
    board = ada.find("board-name").inner_text()
    assert ada.page.url == f"{shared_server.url}/b/{board}"
    ada.find("share").click()
    expect(ada.find("toast")).to_contain_text("Link copied")
    lin.open(ada.ask("navigator.clipboard.readText()"))
    assert lin.find("board-name").inner_text() == board
    lin.sees_count(0)
    mine = ada.draw(*zigzag(300, 300))
    lin.sees(id=mine)
    ada.settles()
    assert [el["id"] for el in stored(shared_server, board)] == [mine]
    lin.find("home").click()
    expect(lin.find("recent-board")).to_contain_text([board])
    lin.find("open-name").fill("no name/at all")
    lin.find("open").click()
    assert lin.page.url == f"{shared_server.url}/"
    lin.find("open-name").fill(board)
    lin.key("Enter")
    lin.arrives().sees(id=mine)
    assert ada.troubles + lin.troubles == []


def test_below_a_path(invite: Invite, browse: Browse, tmp_path: Path, board: str) -> None:
    """Under `/wb` the front page, the assets, the API and the sockets all stay below it. [R1, R35]"""
    with ServerProcess(tmp_path, "memory", "--base-path", "/wb") as server:
        context = browse()
        ada = meet(context)
        addresses: list[str] = []
        ada.page.on("request", lambda request: addresses.append(request.url))
        ada.page.on("websocket", lambda socket: addresses.append(socket.url))
        ada.page.goto(f"{server.url}/wb/")
        ada.find("create").click()
        ada.arrives()
        ada.light_says("live", "Live · in server memory only")
        address = ada.page.url.removeprefix(server.url)
        assert address.startswith("/wb/b/")
        lin = meet(context).open(server.url + address)
        mine = ada.draw(*zigzag(300, 300))
        lin.sees(id=mine)
        assert lin.client != ada.client
        outside = [
            each for each in addresses if not re.match(rf"(http|ws)://127.0.0.1:{server.port}/wb/", each)
        ]
        assert outside == []
        assert any(each.startswith("ws:") for each in addresses)
        for person in (ada, lin):
            assert person.ask("probe.violations") == []
            assert person.troubles == []
        context.close()


@pytest.mark.parametrize("language", ["en", "zh"])
def test_names_and_languages(invite: Invite, shared_server: ServerProcess, board: str, language: str) -> None:
    """Everything that can be used has a name, in the language asked for, and no key is left untranslated. [R25]"""
    ada = invite(shared_server, path=f"/b/{board}?lang={language}", locale="fr-FR")
    open_everything(ada)
    nameless = [each["what"] for each in ada.ask(NAMES) if not each["name"]]
    assert nameless == []
    texts = ada.ask(TEXTS)
    assert [text for text in texts if KEY_SHAPED.match(text) or "{" in text] == []
    assert ada.page.title().startswith(board)
    expect(
        ada.page.get_by_role("heading", name="键盘快捷键" if language == "zh" else "Keyboard shortcuts")
    ).to_be_visible()
    assert ada.ask("document.documentElement.lang").startswith(language)
    has_chinese = [text for text in texts if re.search("[\u4e00-\u9fff]", text)]
    if language == "en":
        assert set(has_chinese) == {"中文"}


def test_the_language_is_changed_and_kept(invite: Invite, shared_server: ServerProcess) -> None:
    """Everything on the screen follows the language at once, and it is there after a reload. [R25]"""
    ada = invite(shared_server)
    ada.light_says("saved", "Saved · on disk")
    ada.find("menu").click()
    ada.find("language-zh").click()
    ada.light_says("saved", "已保存 · 在磁盘上")
    expect(ada.find("tool-pen")).to_have_accessible_name(re.compile("画笔"))
    expect(ada.find("share")).to_have_text("分享")
    english = [text for text in ada.ask(TEXTS) if re.fullmatch(r"[A-Z][a-z]+( [a-z]+)+", text)]
    assert english == []
    ada.page.reload()
    ada.arrives()
    expect(ada.find("share")).to_have_text("分享")


def test_a_chinese_browser_is_spoken_to_in_chinese(browse: Browse, shared_server: ServerProcess) -> None:
    """Without a choice the browser's language counts, on the front page too. [R25]"""
    lin = meet(browse(locale="zh-CN"))
    lin.page.goto(shared_server.url)
    expect(lin.find("create")).to_have_text("新建白板")
    lin.find("language-en").click()
    expect(lin.find("create")).to_have_text("New board")
    lin.page.reload()
    expect(lin.find("create")).to_have_text("New board")
    assert lin.troubles == []


def test_keys(invite: Invite, shared_server: ServerProcess) -> None:
    """Each tool has its key, the help lists them, and letters typed into a field are no commands. [R25]"""
    ada = invite(shared_server)
    tools = {
        "v": "select",
        "h": "hand",
        "e": "eraser",
        "r": "rectangle",
        "o": "ellipse",
        "3": "diamond",
        "a": "arrow",
    }
    for key, tool in (tools | {"l": "line", "t": "text", "n": "note", "k": "laser", "p": "pen"}).items():
        ada.key(key)
        expect(ada.find(f"tool-{tool}")).to_have_attribute("aria-pressed", "true")
    ada.key("?")
    expect(ada.find("help")).to_be_visible()
    expect(ada.find("help").locator("kbd").first).to_have_text("V")
    ada.key("r")
    assert ada.ask("whiteboard.desk.toolId") == "pen"
    ada.key("Escape")
    expect(ada.find("help")).to_be_hidden()
    ada.find("people").click()
    ada.find("my-name").fill("")
    ada.page.keyboard.type("vera")
    assert ada.ask("whiteboard.desk.toolId") == "pen"
    ada.key("Escape")
    expect(ada.find("people-panel")).to_be_hidden()


def test_the_keyboard_is_never_lost(invite: Invite, shared_server: ServerProcess) -> None:
    """Tab goes through all that can be used, each with a ring that is seen, and back to the board. [R25]"""
    ada = invite(shared_server)
    reached: list[str] = []
    for _ in range(60):
        ada.key("Tab")
        where = ada.ask(
            """() => { const node = document.activeElement, style = getComputedStyle(node);
              const hasRing = (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0) || style.boxShadow !== "none";
              return { id: node.dataset.testid ?? node.tagName, hasRing }; }"""
        )
        if where["id"] in reached:
            break
        assert where["hasRing"] or where["id"] == "BODY", where
        reached.append(where["id"])
    wanted = {
        "stage",
        "home",
        "people",
        "share",
        "menu",
        "color-ink",
        "width-4",
        "fill",
        "tool-pen",
        "zoomIn",
        "fitAll",
    }
    assert wanted <= set(reached), reached
    ada.find("tool-rectangle").focus()
    ada.key("Enter")
    expect(ada.find("tool-rectangle")).to_have_attribute("aria-pressed", "true")


@pytest.mark.parametrize(
    "size",
    [
        (1920, 1080),
        (1366, 650),
        (1024, 700),
        (1000, 560),
        (820, 1180),
        (768, 600),
        (390, 844),
        (844, 390),
        (320, 568),
    ],
)
def test_nothing_lies_on_anything(
    invite: Invite, shared_server: ServerProcess, size: tuple[int, int]
) -> None:
    """On laptops, tablets and phones, either way up, no part of the page covers another or is cut off. [R25]"""
    width, height = size
    ada = invite(shared_server, viewport={"width": width, "height": height})
    assert ada.ask(LAYOUT) == []


def test_a_phone(invite: Invite, shared_server: ServerProcess) -> None:
    """On a phone one draws with a finger, picks a colour, changes the tool, undoes and shares. [R25]"""
    phone = {
        "viewport": {"width": 390, "height": 844},
        "device_scale_factor": 3,
        "is_mobile": True,
        "has_touch": True,
    }
    ada, lin = invite(shared_server, **phone), invite(shared_server)
    ada.find("style-button").tap()
    ada.find("color-red").tap()
    cdp = ada.page.context.new_cdp_session(ada.page)
    cdp.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": 100, "y": 300}]})
    for x, y in zigzag(100, 300):
        cdp.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [{"x": x, "y": y}]})
    cdp.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    lin.sees(type="stroke", color="#e03131")
    ada.find("tool-note").tap()
    ada.page.touchscreen.tap(200, 500)
    ada.page.keyboard.insert_text("手机")
    ada.page.touchscreen.tap(200, 650)
    lin.sees(type="note", text="手机")
    ada.find("undo").tap()
    lin.sees_count(1)
    ada.wait(
        "document.documentElement.scrollWidth <= innerWidth && document.documentElement.scrollHeight <= innerHeight"
    )
    small = ada.ask(
        """() => [...document.querySelectorAll(".topbar button, .topbar a, .toolbar button, .undo button, .style-button")]
          .map(node => [node.dataset.testid, node.getBoundingClientRect()]).filter(([, box]) => box.width && (box.width < 36 || box.height < 36))
          .map(([id]) => id)"""
    )
    assert small == [], "too small for a finger"


def test_a_hostile_board(invite: Invite, shared_server: ServerProcess) -> None:
    """Names, texts and colours of others are shown as what they are, never run. [R25]"""
    evil = "<img src=x onerror=alert(1)><script>alert(2)</script>"
    ada, lin = invite(shared_server), invite(shared_server, name=evil)
    said: list[str] = []

    def hear(dialog: Dialog) -> None:
        said.append(dialog.message)
        dialog.dismiss()

    ada.page.on("dialog", hear)
    lin.page.mouse.move(400, 400, steps=3)
    expect(ada.find("cursor")).to_have_text(evil)
    lin.ask(
        """evil => { whiteboard.desk.submit({
          type: "text", id: "t", x: 100, y: 100, text: evil, size: 20, color: "url(javascript:1)" }); }""",
        evil,
    )
    ada.sees(id="t", text=evil)
    ada.find("people").click()
    expect(ada.find("people-list")).to_contain_text(evil)
    assert ada.ask("document.querySelectorAll('.chrome img, .chrome script, .cursors img').length") == 0
    assert said == []
