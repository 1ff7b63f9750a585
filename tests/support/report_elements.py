"""Parse a page into its elements."""

from __future__ import annotations

from html.parser import HTMLParser


class Elements(HTMLParser):
    """Tags in order, addresses, and a check that every tag is closed by its own name."""

    def __init__(self, page):
        super().__init__()
        self.open, self.seen, self.addresses = [], [], []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.seen.append(tag)
        self.addresses += [value for name, value in attrs if name in {"src", "href", "srcset", "action"}]
        if tag not in {"meta", "br"}:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag
