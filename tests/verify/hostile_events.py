"""Events whose texts look like what views, tokens, CSV and spreadsheets give a meaning to."""

import random
import unicodedata
from collections.abc import Callable, Sequence
from typing import Any

from daybook.clock import DAY, format_time
from tests.support.ingest import NOW

ALIASES = ("System", "API", "Operations", "Unknown", "Provisioning API", "CareAR Operations")
NAMES = (
    "mike.mars",
    "MIKE.MARS",
    "jane.roe",
    "Zoë",
    "zoe\N{COMBINING DIAERESIS}",
    "straße",
    "Ωmega",
    "li",
    "x",
    "=cmd()",
    "+1 555",
    "@sum",
    "O'Neil",
    'say "hi"',
    "a,b",
    "a;-1",
    "~",
    "~0.0;",
    "customer.kim (by support.lee)",
    "api (ci-token)",
    "API (x)",
    "A (B)",
    "x (by",
    "API(x)",
    "(by y)",
    "system (by y)",
    "\N{FULLWIDTH LATIN CAPITAL LETTER A}PI",
    "s-y-s-t-e-m",
    "SYSTEM!",
    "s y s t e m",
    '"System"',
    '""System""',
    "\N{FULLWIDTH LATIN CAPITAL LETTER S}ystem",
    "Sy\N{LATIN SMALL LETTER LONG S}tem",
    "System²",
    "operations.",
    "unknown?",
    "!!!",
    "😀",
    "changed",
    "(none)",
    "(empty)",
    "a → b",
    "a: b; c: d",
    "line\nbreak",
    "tab\tin",
    "Sy\N{COMBINING ACUTE ACCENT}stem",
    "s\u00fdstem",
    "Sys\N{ZERO WIDTH SPACE}tem",
    "\N{CYRILLIC CAPITAL LETTER DZE}ystem",
    "\N{CIRCLED LATIN CAPITAL LETTER S}YSTEM",
    "operations (x)",
    "system(x)",
    "x by y",
    "x(by y)",
    "(BY y)",
    "( by y)",
    "by",
    "API x",
    "APIs (x)",
    "A.P.I. (x)",
    "(API (x)",
    "API\N{FULLWIDTH LEFT PARENTHESIS}x\N{FULLWIDTH RIGHT PARENTHESIS}",
    "x \N{FULLWIDTH LEFT PARENTHESIS}by y\N{FULLWIDTH RIGHT PARENTHESIS}",
    "x (bystander)",
    "API [x]",
    "ci (API)",
    "(by)",
    "x [by y]",
    "x\N{NO-BREAK SPACE}(by\N{NO-BREAK SPACE}y)",
    "API (",
    "provisioning api (x)",
    "API: x",
    "a (by b) c",
    "(-by y)",
    "(b (y",
    "(b) y",
    "x (b)y",
    "S(y)stem",
    "Sys(tem",
    "API x (y)",
    "(b y)",
    "x (\N{ZERO WIDTH SPACE}by y)",
    "x (BY",
    "x ((by y)",
    "x (\N{NO-BREAK SPACE}\tby y)",
    "unknown (x)",
    "Unknown(",
    '"Unknown" (x)',
    "x(by",
    "(x) (by y)",
    "x (x (by",
    "API)(x",
    "(\N{LATIN SMALL LETTER B WITH DOT ABOVE}y)",
    "api \N{ZERO WIDTH SPACE}(x)",
    '"api (x)"',
    *ALIASES,
    *map(str.upper, ALIASES),
)
TEXTS = (
    "",
    " ",
    "plain",
    "(empty)",
    "(none)",
    "(None)",
    "changed",
    "Changed",
    " changed",
    "→",
    " → ",
    "a → b",
    "a→b",
    ";",
    "; ",
    "a; b: c → d",
    "a: b",
    ": ",
    '"',
    '"quoted"',
    'in "quotes" within',
    "'",
    "\\",
    "7",
    "-7",
    "true",
    "null",
    "~~",
    "~0.0;",
    "~1.2",
    "=1+1",
    "a;=1",
    "a\t@x",
    "a\r\n-b",
    "\N{NO-BREAK SPACE}=1",
    "\N{LINE SEPARATOR}=1",
    "\N{ZERO WIDTH SPACE}=1",
    "\N{IDEOGRAPHIC SPACE}\N{FULLWIDTH EQUALS SIGN}1",
    "'=1",
    "' =1",
    '" =1',
    "a,' \"=1",
    "line\nbreak",
    "mike.mars did it for Jane Roe",
    "Zoë; mike.mars → jane.roe",
    "control\x01character",
    "a:b",
    ":a",
    "a:\tb",
    "a:\N{NO-BREAK SPACE}b",
    "a :b",
    "tail\n",
    "a\rb",
    "a\N{LINE SEPARATOR}b",
    "\N{LINE SEPARATOR}b",
    "a\tb",
    "(x",
    " (x",
    "x(",
    ")",
    "a;b",
    "\N{GREEK QUESTION MARK}",
    "\N{FULLWIDTH SEMICOLON} x",
    "\N{FULLWIDTH LEFT PARENTHESIS}none)",
    "=> x",
    "->",
    "\N{RIGHTWARDS DOUBLE ARROW}",
    "\N{FULLWIDTH QUOTATION MARK}x",
    "a\u0085b",
    "\x1cb",
    "tail\u0085",
    "\x7f",
    "\N{RIGHT-TO-LEFT OVERRIDE}x",
    "😀",
)
IDS = [
    text
    for text in TEXTS
    if text and not any(unicodedata.category(each) == "Cc" and each not in "\t\r\n" for each in text)
]
"""Ids are refused where they have other control characters; texts are mended."""
FIELDS = (
    "seconds",
    "nickname",
    "a b",
    "a: b",
    "x → y",
    "; ",
    "changed",
    "(none)",
    '"q"',
    "mike.mars",
    "=f",
    ":",
    "a;b",
    "→",
)
ADDRESSES = ("203.0.113.7", "::ffff:1.2.3.4", "2001:DB8::1", "unknown", "10.0.0.1, 10.0.0.2", "=1", "")
ACTIVITIES = (
    "work-item.created",
    "custom.thing",
    "plain",
    "a.b.c",
    "repo:create",
    "user.login",
    "X-1.y_2",
    "record.stamped",
)
KINDS = ("user", "User", "USER", "work-item", "case", "doc", "ticket", "A.b_c-1")


class HostileEvents:
    def __init__(self, seed: int, sources: Sequence[str]) -> None:
        """`sources` are the source types that the profile accepts; none means any."""
        self._sources = sources or ("ADMIN", "portal", "=x")
        self._random = random.Random(seed)  # noqa: S311  made-up events
        self._sent = 0

    def event(self) -> dict[str, Any]:
        self._sent += 1
        actor = self._actor()
        moment = NOW - self._random.randrange(29 * DAY) - self._sent
        event = {
            "id": self._random.choice([None, f"e-{self._sent}", f"{self._sent}-mike.mars", f"~{self._sent}"]),
            "occurred_at": format_time(moment),
            "environment": "prod",
            "activity": self._random.choice(ACTIVITIES),
            "status": self._random.choice(["success", "failure", None]),
            "actor": actor,
            "source": self._maybe(0.4, lambda: {"type": self._random.choice(self._sources)}),
            "target": self._maybe(0.8, self._target),
            "params": self._maybe(0.5, self._params),
            "details": self._maybe(0.5, self._text),
            "people": self._maybe(0.4, lambda: [self._person() for _ in range(self._random.randint(1, 3))]),
            "changes": self._maybe(0.6, lambda: [self._change() for _ in range(self._random.randint(1, 3))]),
            "context": self._maybe(0.7, self._context),
            "caused_by": self._maybe(0.2, lambda: {"id": "mike.mars-1", "occurred_at": format_time(moment)}),
        }
        if actor["type"] != "user" and event["activity"] == "user.login":  # Jiffy's users alone do that
            event["activity"] = "plain"
        return {name: value for name, value in event.items() if value is not None}

    def _maybe(self, share: float, make: Callable[[], Any]) -> Any:
        return make() if self._random.random() < share else None

    def _text(self) -> str:
        texts = self._random.choices([*TEXTS, *NAMES], k=self._random.choice([1, 1, 1, 2, 3]))
        text = self._random.choice(["", " ", "; ", " → ", "\t", ","]).join(texts)
        return text * 2_000 if self._random.random() < 0.003 else text

    def _some(self) -> str:
        return self._text() or "-"

    def _person(self) -> dict[str, Any]:
        chosen = self._random.sample(["id", "username", "name", "email"], self._random.randint(1, 4))
        if not {"id", "username"} & {*chosen}:
            chosen.append("username")
        made: dict[str, Callable[[], Any]] = {
            "id": lambda: self._random.choice(["u-1", "u-2", "mike.mars", "~u", 17, "System"]),
            "username": lambda: self._random.choice(NAMES),
            "name": lambda: self._random.choice([*NAMES, "Mike Mars", "Jane Roe", "mike.mars of Jane Roe"]),
            "email": lambda: self._random.choice(["mike.mars@x.example", "jane@x.example", "=1@x", "System"]),
        }
        return {name: made[name]() for name in chosen}

    def _actor(self) -> dict[str, Any]:
        kind = self._random.choices(("user", "system", "api", "operations", "unknown"), weights=(60, 8, 14, 6, 12))[0]
        actor: dict[str, Any] = {"type": kind}
        if kind == "user" or self._random.random() < 0.6:
            actor |= self._person()
        if kind != "user":
            for name in ("id", "username", "name", "email"):
                if self._random.random() < 0.4:
                    actor.pop(name, None)
            if kind == "unknown" and not {"id", "username"} & {*actor}:
                actor = {"type": kind}
        elif self._random.random() < 0.3:
            actor["impersonator"] = self._person()
        if self._random.random() < 0.4:
            actor["user_type"] = self._random.choice(["Admin", "=Admin", "Member, too"])
        if self._random.random() < 0.4:
            actor["roles"] = self._random.sample(["Admin", "Release Manager", "=1", "System"], 2)
        return actor

    def _target(self) -> dict[str, Any]:
        kind = self._random.choice(KINDS)
        target: dict[str, Any] = {"type": kind}
        if kind.lower() == "user":
            target |= {name: value for name, value in self._person().items() if name != "email"}
        else:
            if self._random.random() < 0.8:
                target["id"] = self._random.choice([*IDS, *NAMES, 5, "u-1"])
            if self._random.random() < 0.4:
                target["name"] = self._some()
        if self._random.random() < 0.4:
            target["within"] = {
                "type": self._random.choice(KINDS),
                "id": self._random.choice(["u-1", "mike.mars", "W-1", 3, "=w"]),
            }
        return target

    def _params(self) -> dict[str, Any]:
        made: tuple[Callable[[], Any], ...] = (
            self._some,
            lambda: self._random.choice([0, -5, 2**53 - 1, True, False]),
            lambda: {"user": self._random.choice(NAMES)},
            lambda: [self._some() for _ in range(3)],
        )
        return {name: self._random.choice(made)() for name in self._random.sample(["a", "b_2", "who", "from", "to"], 2)}

    def _change(self) -> dict[str, Any]:
        change: dict[str, Any] = {"field": self._random.choice(FIELDS)}
        for side in ("from", "to"):
            if self._random.random() < 0.8:
                change[side] = self._random.choice(
                    [self._text(), self._random.choice(NAMES), 7, -1, True, False, 1250, "1250"]
                )
        return change

    def _context(self) -> dict[str, Any]:
        context = {
            "ip": self._random.choice((*ADDRESSES, None)),
            "user_agent": self._random.choice(["curl", "=agent", "mike.mars", None, "", "a" * 1100]),
            "session_id": self._random.choice(["s-1", "mike.mars-s", 4, None, "~"]),
            "request_id": self._random.choice(["r", "Jane Roe", None]),
        }
        return {name: value for name, value in context.items() if value is not None}
