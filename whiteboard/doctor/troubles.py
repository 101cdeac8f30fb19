"""Everything that the doctor can find wrong, with why it matters and what to change. Pure words.

docs/doctor.md explains each `code`; a test compares the two.
"""

from typing import Final

from whiteboard.doctor.findings import Mark, Trouble

TROUBLES: Final[dict[str, Trouble]] = {}
"""By code."""


def _trouble(check: str, mark: Mark, code: str, *, why: str, change: str) -> Trouble:
    if code in TROUBLES:
        raise ValueError(f"trouble {code!r} is listed twice")
    trouble = Trouble(code, check, mark, why, change)
    TROUBLES[code] = trouble
    return trouble


def _bad(check: str, code: str, *, why: str, change: str) -> Trouble:
    return _trouble(check, Mark.BAD, code, why=why, change=change)


def _warning(check: str, code: str, *, why: str, change: str) -> Trouble:
    return _trouble(check, Mark.WARNING, code, why=why, change=change)


# --- reach ------------------------------------------------------------------------------------
NO_NAME: Final = _bad(
    "reach",
    "no_name",
    why="Without an address nobody gets there.",
    change="Look at the DNS record of the name; before it is published, --connect-to ADDRESS examines the server all the same.",
)
NO_CONNECTION: Final = _bad(
    "reach",
    "no_connection",
    why="Nobody gets an answer.",
    change="Is the server or the proxy running, does it listen at this address (addr; `listen` in nginx), does the firewall let port {port} in?",
)
WRONG_SCHEME: Final = _bad(
    "reach",
    "wrong_scheme",
    why="A browser that follows this URL gets an error.",
    change="Use {url}",
)
NO_HTTP: Final = _bad(
    "reach",
    "no_http",
    why="Something listens there that is no web server, or that gives up.",
    change="Look which program has port {port}, and into its log.",
)
NO_SERVER_BEHIND: Final = _bad(
    "reach",
    "no_server_behind",
    why="The proxy answers, and does not reach whiteboard.",
    change="Is whiteboard running, and does proxy_pass (nginx) or reverse_proxy (Caddy) name the address of its setting addr? The proxy's error log has the address that it tried.",
)
PROXY_FAILS: Final = _bad(
    "reach",
    "proxy_fails",
    why="Something in between fails by itself, before it asks whiteboard.",
    change="Its error log says why.",
)
SERVER_BUSY: Final = _bad(
    "reach",
    "server_busy",
    why="The server takes no more for now: it is stopping, or full.",
    change="Try again in some seconds; if it stays so, /readyz and the server's log say why.",
)
ASKS_WHO: Final = _bad(
    "reach",
    "asks_who",
    why="The proxy lets nobody in without a password, the doctor neither.",
    change="Give the doctor one: --credentials-file FILE, with USER:PASSWORD in it.",
)
LOCKED_OUT: Final = _bad(
    "reach",
    "locked_out",
    why="Something in between refuses the request; visitors from here get the same.",
    change="Look for allow, deny or a firewall of web requests in the proxy, or ask from a machine that may.",
)
NOT_WHITEBOARD: Final = _bad(
    "reach",
    "not_whiteboard",
    why="Another site answers at this URL.",
    change="Give the URL with the path under which the boards are published, as https://example.org/wb; else mend the proxy's location or server_name.",
)
SENT_ELSEWHERE: Final = _bad(
    "reach",
    "sent_elsewhere",
    why="Programs and sockets do not follow redirects, so boards have to be opened at the place itself.",
    change="Examine, and tell people, the URL that it leads to.",
)
UNKNOWN_PATH: Final = _bad(
    "reach",
    "unknown_path",
    why="The server is reached and does not know the path, so that everything below it is missing.",
    change="Start it with --base-path {base} (base_path: {base}); the proxy may pass the path on or strip it.",
)
NO_ANSWER: Final = _bad(
    "reach",
    "no_answer",
    why="A visitor's browser gets none either, or not always.",
    change="Try again; if it stays so, look into the proxy's error log and the server's.",
)

FOREIGN_HOST: Final = _bad(
    "host",
    "foreign_host",
    why="The server refuses the name under which it was asked for, so visitors see an error in place of the page.",
    change="Add the name: --hosts {name} (hosts: [{name}]). With a proxy in front: let it pass the visitor's name on, proxy_set_header Host $http_host;",
)

# --- tls --------------------------------------------------------------------------------------
_BROWSERS_WARN: Final = "Browsers show a warning in place of the page, and programs refuse to connect."
TLS_FAILED: Final = _bad(
    "tls",
    "tls_failed",
    why="No browser of today gets through.",
    change="Offer TLS 1.2 and 1.3 (nginx: ssl_protocols TLSv1.2 TLSv1.3;) and a certificate for the name that was asked for.",
)
CERTIFICATE_EXPIRED: Final = _bad(
    "tls",
    "certificate_expired",
    why=_BROWSERS_WARN,
    change="Renew it (certbot renew; Caddy does it by itself), then load it: systemctl reload nginx, or restart whiteboard, which reads tls.cert once.",
)
CERTIFICATE_EARLY: Final = _bad(
    "tls",
    "certificate_early",
    why=_BROWSERS_WARN,
    change="Look at the clock of the machine that made the certificate, and at the one of this machine.",
)
CERTIFICATE_NAME: Final = _bad(
    "tls",
    "certificate_name",
    why=_BROWSERS_WARN,
    change="Get a certificate for {name}, or use one of the names that it has; in nginx see that this server_name has its own ssl_certificate.",
)
CERTIFICATE_SELF_SIGNED: Final = _bad(
    "tls",
    "certificate_self_signed",
    why=_BROWSERS_WARN,
    change="Use a certificate of a public authority (certbot, or Caddy, which gets one by itself). Where everybody has your own authority installed, tell the doctor: --ca-file FILE.",
)
CERTIFICATE_UNKNOWN: Final = _bad(
    "tls",
    "certificate_unknown",
    why=_BROWSERS_WARN,
    change="Most often the chain is not whole: serve fullchain.pem, not cert.pem (ssl_certificate, tls.cert). Where everybody has your own authority installed, tell the doctor: --ca-file FILE.",
)
CERTIFICATE_REFUSED: Final = _bad(
    "tls",
    "certificate_refused",
    why=_BROWSERS_WARN,
    change="openssl s_client -connect {authority} -showcerts shows what is served.",
)
CERTIFICATE_ENDS_SOON: Final = _warning(
    "tls",
    "certificate_ends_soon",
    why="After that browsers show a warning in place of the page.",
    change="Look why it is not renewed by itself: systemctl list-timers, certbot renew --dry-run. A renewed file has to be loaded: reload nginx, or restart whiteboard.",
)
NO_TLS: Final = _warning(
    "tls",
    "no_tls",
    why="Whoever is on the way reads and changes boards, and browsers withhold some functions from such pages (the clipboard, for one).",
    change="Put TLS in front (Caddy, or nginx with certbot), or serve it: --tls-cert FILE --tls-key FILE.",
)
PLAIN_TOO: Final = _warning(
    "tls",
    "plain_too",
    why="Who types the name without https:// draws in the clear.",
    change="Let port 80 do nothing but redirect (nginx: return 301 https://$host$request_uri;).",
)

# --- page -------------------------------------------------------------------------------------
NO_PAGE: Final = _bad(
    "page",
    "no_page",
    why="Programs get through, people see something else than the page.",
    change="See that the proxy's location covers {base}/ itself and all below it, and serves no files of its own there.",
)
BASE_PATH: Final = _bad(
    "page",
    "base_path",
    why="The page takes its files and boards from there, and that leads elsewhere: people see a page that does not work.",
    change="Start the server with --base-path {base} (base_path: {base}), whether the proxy passes the path on or strips it.",
)
BASE_PATH_HIDDEN: Final = _bad(
    "page",
    "base_path_hidden",
    why="The page takes its files and boards from there, and the proxy does not show that path: people see a page that does not work.",
    change="Publish the server under {said}/ (location {said}/ {{ … }}), or leave its setting base_path out.",
)
PAGE_ELSEWHERE: Final = _warning(
    "page",
    "page_elsewhere",
    why="It works, and people end up at another address than the one they came to.",
    change="Tell people the URL {url}, or leave the setting base_path out.",
)
NO_ASSETS: Final = _bad(
    "page",
    "no_assets",
    why="The page comes without its scripts: people see an empty board that does nothing.",
    change="See that the proxy's location covers {base}/static/ too, and that all servers behind it run the same version.",
)
CACHE_LOST: Final = _warning(
    "page",
    "cache_lost",
    why="The page's files are asked for again with every visit.",
    change="Let Cache-Control pass as the server sets it: no expires, add_header Cache-Control or proxy_hide_header for it in the proxy.",
)
FORWARDED_PROTO: Final = _warning(
    "page",
    "forwarded_proto",
    why="The server takes its visitors for ones without TLS, and leaves out what protects the page's window from other sites; its log names the proxy in place of people.",
    change="proxy_set_header X-Forwarded-Proto $scheme; in nginx (Caddy does it), and trusted_proxies with the proxy's address on the server.",
)

# --- upgrade ----------------------------------------------------------------------------------
_OFFLINE: Final = "Pages load and stay offline: no socket comes through."
_NGINX_UPGRADE: Final = """\
In nginx, in the location of the boards:
  proxy_http_version 1.1;
  proxy_set_header Upgrade $http_upgrade;
  proxy_set_header Connection $connection_upgrade;
and beside the server block:
  map $http_upgrade $connection_upgrade {{ default upgrade; '' ''; }}"""
UPGRADE_NOT_PASSED: Final = _bad(
    "upgrade",
    "upgrade_not_passed",
    why=_OFFLINE,
    change=f"{_NGINX_UPGRADE}\nApache: ProxyPass … upgrade=websocket. Caddy and Traefik pass it on by themselves.",
)
UPGRADE_HTTP10: Final = _bad(
    "upgrade",
    "upgrade_http10",
    why=_OFFLINE,
    change="proxy_http_version 1.1; in nginx's location: by itself it speaks HTTP/1.0 to servers.",
)
UPGRADE_REUSED: Final = _bad(
    "upgrade",
    "upgrade_reused",
    why="Sockets fail whenever the proxy takes a connection that has carried requests before.",
    change="Let the proxy open a connection of its own for each socket; in nginx leave out keepalive in the upstream block.",
)
UPGRADE_ELSEWHERE: Final = _bad(
    "upgrade",
    "upgrade_elsewhere",
    why=_OFFLINE,
    change="Let the proxy send {base}/ws/ where it sends the rest: one location for {base}/ does.",
)
UPGRADE_ANSWERED: Final = _bad(
    "upgrade",
    "upgrade_answered",
    why=_OFFLINE,
    change="This answer is not whiteboard's. Look which proxy, firewall of web requests or web server in between gives it, and let GET {base}/ws/ with Upgrade: websocket through there.",
)
UPGRADE_FAKE: Final = _bad(
    "upgrade",
    "upgrade_fake",
    why="Browsers close such a socket at once.",
    change="Something in between says 101 by itself, without asking whiteboard; look for it in the proxy.",
)
UPGRADE_LOST: Final = _bad(
    "upgrade",
    "upgrade_lost",
    why=_OFFLINE,
    change="Look into the proxy's error log, and whether a firewall between knows WebSockets.",
)

# --- origin -----------------------------------------------------------------------------------
ORIGIN_REFUSED: Final = _bad(
    "origin",
    "origin_refused",
    why="Pages load and stay offline: the server lets pages open sockets to their own host only, and knows another one.",
    change="""\
Let the proxy pass on the Host that the browser asked for, with its port:
  proxy_set_header Host $http_host;
or the same in X-Forwarded-Host, with the proxy's address in the server's trusted_proxies. Else let the page in by name:
  --origins {origin}
The server's log has both names: origin_refused.""",
)
ORIGIN_PORT: Final = _bad(
    "origin",
    "origin_port",
    why="Pages load and stay offline: the server lets pages open sockets to their own host only, and a port belongs to it.",
    change="The proxy drops the port. In nginx $http_host in place of $host:\n  proxy_set_header Host $http_host;",
)
ORIGIN_NOT_PASSED: Final = _bad(
    "origin",
    "origin_blocked",
    why="Pages load and stay offline; programs without an Origin get through.",
    change="This answer is not whiteboard's. Look which proxy or firewall in between judges the Origin header.",
)
ORIGIN_MIXED: Final = _bad(
    "origin",
    "origin_mixed",
    why="Browsers open no plain socket from a page with TLS (mixed content).",
    change="Publish the server with https:// too.",
)
ANY_ORIGIN: Final = _warning(
    "origin",
    "any_origin",
    why="Any web page may read boards and draw on them from its visitors' browsers.",
    change="Name the pages that may, in place of * in the setting origins; if it has none, let the proxy pass the Origin header on.",
)

# --- session, sizes ---------------------------------------------------------------------------
NO_WELCOME: Final = _bad(
    "session",
    "no_welcome",
    why="Sockets open and nothing comes: people see a board that stays empty.",
    change="Look into the server's log (room_failed, commit_refused). If the server has sent a welcome, something in between holds messages back: no buffering, no inspection of sockets there.",
)
OTHER_PROTOCOL: Final = _bad(
    "session",
    "other_protocol",
    why="This doctor and the server do not speak the same protocol.",
    change="Use the whiteboard of the server's version.",
)
NO_PONG: Final = _bad(
    "session",
    "no_pong",
    why="The server's own pings tell it who is still there; people who only look on are cut off.",
    change="Something in between reads sockets and drops control frames; let it pass them on unread.",
)
FRAMES_CUT: Final = _bad(
    "sizes",
    "frames_cut",
    why="Long strokes, pasted drawings and what was drawn offline do not get through, again and again.",
    change="Something in between bounds the messages of sockets; allow {bytes} bytes there.",
)
BODIES_CUT: Final = _warning(
    "sizes",
    "bodies_cut",
    why="Requests that the server takes are refused on the way.",
    change="413: client_max_body_size in nginx, request_body max_size in Caddy. 5xx: the proxy's error log says why; it may not be able to write its temporary files.",
)

PICTURES_CUT: Final = _bad(
    "sizes",
    "pictures_cut",
    why="Larger pictures cannot be put on boards.",
    change="Allow bodies of {bytes} bytes and some more: client_max_body_size in nginx (1m by default), request_body max_size in Caddy.",
)

# --- idle -------------------------------------------------------------------------------------
IDLE_CUT: Final = _bad(
    "idle",
    "idle_cut",
    why="People who draw nothing for a moment are cut off and come back, over and over.",
    change="The server pings a silent socket every {ping} s; every timeout on the way has to be longer. In nginx proxy_read_timeout and proxy_send_timeout (60s, the default, will do), in HAProxy timeout tunnel.",
)
IDLE_NO_PING: Final = _warning(
    "idle",
    "idle_no_ping",
    why="The pings keep sockets open that others would take for idle, and find those who are gone.",
    change="Something in between keeps the server's pings to itself, or holds them back; let it pass sockets on unread.",
)

# --- storage, clock, operator, version --------------------------------------------------------
CANNOT_STORE: Final = _bad(
    "storage",
    "cannot_store",
    why="Boards can be looked at, and nothing that is drawn is kept.",
    change="The server's log says what the store complained of (commit_refused). sqlite: is the disk full (df -h) or mounted read-only, may the server's user write to the directory of the setting data? redis: is it running at redis.addr, does it answer to redis-cli ping, is it out of memory?",
)
OP_NOT_STORED: Final = _bad(
    "storage",
    "op_not_stored",
    why="What people draw is not kept.",
    change="The server's log says why (commit_refused, room_failed).",
)
DEGRADED: Final = _warning(
    "storage",
    "degraded",
    why="Boards work, and something that the server was told to use does not.",
    change="The server's log says since when, and what it complained of.",
)
READINESS_HIDDEN: Final = _warning(
    "storage",
    "readiness_hidden",
    why="Who decides where to send visitors cannot see whether the server can store.",
    change="If that is on purpose, leave it so; else let {base}/readyz through.",
)
IN_MEMORY: Final = _warning(
    "storage",
    "in_memory",
    why="Every board is gone when the server stops.",
    change="--mode sqlite --data DIR, unless that is what you want.",
)
CLOCK_WRONG: Final = _bad(
    "clock",
    "clock_wrong",
    why="Times of boards and ops are wrong, links and tokens end early or late, certificates seem expired or not yet valid.",
    change="Switch time synchronisation on, on the machine that is wrong (timedatectl set-ntp true; chronyc tracking shows how it stands). If others agree with the server, it is this one.",
)
CLOCK_APART: Final = _warning(
    "clock",
    "clock_apart",
    why="Machines with time synchronisation agree within milliseconds: one of the two has none.",
    change="timedatectl shows which; timedatectl set-ntp true switches it on.",
)
EVERYONE_OPERATOR: Final = _bad(
    "operator",
    "everyone_operator",
    why="The proxy's visitors look like somebody at the server's own machine: /debug and deleting boards are open to all of them.",
    change="""\
Let the proxy say for whom it speaks:
  proxy_set_header Host $http_host;
  proxy_set_header X-Forwarded-For $remote_addr;
or set trusted_proxies to the proxy's address and give a debug token.""",
)
OTHER_VERSION: Final = _warning(
    "version",
    "other_version",
    why="What this doctor expects may not be what that server does.",
    change="Run the doctor that came with the server, or update the older of the two.",
)
