"""A page as a reader without a browser finds it."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

_VOID = {"meta", "link", "br", "input", "img", "hr"}


@dataclass
class Page(HTMLParser):
    """A page, taken apart; a tag that is not closed where it must be is an error."""

    text: str
    tags: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    tables: dict[str, list[list[str]]] = field(default_factory=dict)
    words: str = ""
    _open: list[str] = field(default_factory=list)
    _table: list[list[str]] | None = None

    def __post_init__(self) -> None:
        super().__init__()
        self.feed(self.text)
        self.close()
        assert not self._open, f"never closed: {self._open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        self.tags.append((tag, attributes))
        if tag not in _VOID:
            self._open.append(tag)
        if tag == "table":
            self._table = self.tables[attributes["id"]] = []
        elif self._table is not None and tag == "tr":
            self._table.append([])
        elif self._table is not None and tag in {"td", "th"}:
            self._table[-1].append("")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self._open and self._open[-1] == tag, f"</{tag}> closes {self._open[-1:]}"
        self._open.pop()
        if tag == "table":
            self._table = None

    def handle_data(self, data: str) -> None:
        if not {"script", "style"} & set(self._open):
            self.words += f"{data} "
        if self._table and {"td", "th"} & set(self._open):
            self._table[-1][-1] += data

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.tags if name == tag]

    def table(self, name: str) -> list[dict[str, str]]:
        """The rows of a table under their headings, without what an interval adds."""
        head, *rows = self.tables[f"table-{name}"]
        names = [one.removesuffix(" 95 % CI").strip() for one in head]
        return [dict(zip(names, (cell.strip() for cell in row), strict=True)) for row in rows]
