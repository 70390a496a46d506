"""Short names for links, kept in SQLite."""

import hashlib
import sqlite3
from urllib.parse import urlsplit


class BadLink(ValueError):
    """What was given is no link; the message says why."""


class Links:
    """Any number of processes may use the same file at once."""

    def __init__(self, path: str) -> None:
        self._db = sqlite3.connect(path, timeout=10, isolation_level=None, check_same_thread=False)
        self._db.execute("pragma journal_mode = wal")
        self._db.execute("create table if not exists link (name text primary key, url text not null)")
        self._db.execute("create table if not exists probe (id integer primary key, at text)")

    def add(self, url: object) -> str:
        """Keeps a link and returns its name; the same link has the same name."""
        check(url)
        name = hashlib.sha256(str(url).encode()).hexdigest()[:8]
        self._db.execute("insert or ignore into link values (?, ?)", (name, url))
        return name

    def find(self, name: str) -> "str | None":
        row = self._db.execute("select url from link where name = ?", (name,)).fetchone()
        return row[0] if row else None

    def count(self) -> int:
        return self._db.execute("select count(*) from link").fetchone()[0]

    def probe(self) -> None:
        """Raises unless the store can be written."""
        self._db.execute("insert or replace into probe values (1, datetime('now'))")

    def close(self) -> None:
        self._db.close()


def check(url: object) -> None:
    if not isinstance(url, str) or len(url) > 2000:
        raise BadLink("url must be text of at most 2000 characters")
    if any(character.isspace() or not character.isprintable() for character in url):
        raise BadLink("url must have no spaces and no control characters")
    try:
        parts = urlsplit(url)
    except ValueError:
        raise BadLink("url must be a link such as https://example.com") from None
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise BadLink("url must be a link such as https://example.com")
