"""Swift source as tokens: comments and the insides of texts are gone, lines are kept."""
from __future__ import annotations

import re
from typing import List, NamedTuple

WORD, NUMBER, TEXT, SIGN = "word", "number", "text", "sign"


class Token(NamedTuple):
    kind: str
    text: str
    line: int
    # Whether white space or a comment stands before it: `a ?` of a condition against `a?` of an optional.
    is_apart: bool


class BrokenSource(Exception):
    """A source that ends inside a comment, a text or a bracket."""


_SIMPLE = re.compile(
    r"""(?P<space>[ \t\r\f\v]+)|(?P<newline>\n)|(?P<line_comment>//[^\n]*)|(?P<comment>/\*)
      |(?P<directive>\#(?:if|elseif|else|endif|sourceLocation|warning|error)\b[^\n]*)
      |(?P<text>\#*"(?:"")?)|(?P<regex>\#+/)
      |(?P<word>`[^`\n]+`|[$\#@]?[^\W\d]\w*|\$\d+)|(?P<number>\d[\w]*(?:\.\d\w*)?(?:(?<=[eEpP])[+-]\d+)?)
      |(?P<sign>->|[-+*/%&|^<>=!]=+|&&|\|\||\.\.[.<]|.)""", re.VERBOSE)


class Tokenizer:
    def __init__(self, source: str):
        self.source, self.position, self.line = source, 0, 1
        self.tokens: List[Token] = []
        self.is_apart = True

    def all(self) -> List[Token]:
        while self.position < len(self.source):
            self._step()
        return self.tokens

    def _step(self):
        match = _SIMPLE.match(self.source, self.position)
        kind, text = match.lastgroup, match.group()
        self.position = match.end()
        if kind in ("space", "line_comment", "directive"):
            self.is_apart = True
        elif kind == "newline":
            self.line += 1
            self.is_apart = True
        elif kind == "comment":
            self._skip_comment()
        elif kind == "text":
            self._text(text)
        elif kind == "regex":
            self._skip_past("/" + text[:-1])
            self._add(TEXT, text)
        elif kind == "sign" and text == "/" and self._begins_regex():
            self._skip_regex()
        else:
            self._add(kind, text.strip("`") if kind == WORD else text)

    def _add(self, kind: str, text: str, line: int = 0):
        self.tokens.append(Token(kind, text, line or self.line, self.is_apart))
        self.is_apart = False

    def _skip_comment(self):
        """Comments nest."""
        depth = 1
        for mark in re.compile(r"/\*|\*/").finditer(self.source, self.position):
            depth += 1 if mark.group() == "/*" else -1
            if depth == 0:
                self._move(mark.end())
                self.is_apart = True
                return
        raise BrokenSource(f"{self.line}: a comment has no end")

    def _move(self, position: int):
        self.line += self.source.count("\n", self.position, position)
        self.position = position

    def _skip_past(self, end: str):
        found = self.source.find(end, self.position)
        if found < 0:
            raise BrokenSource(f"{self.line}: no {end} ends this")
        self._move(found + len(end))

    def _text(self, opening: str):
        """A text as one token; then the tokens of what is put into it, between brackets."""
        hashes, quotes = opening.count("#"), opening.lstrip("#")
        self._add(TEXT, opening)
        first, start = len(self.tokens) - 1, self.position
        end, escape = quotes + "#" * hashes, "\\" + "#" * hashes
        if quotes == '"' and self.source.startswith(end, self.position):
            self.position += len(end)
            return
        marks = re.compile(f"{re.escape(end)}|{re.escape(escape)}" + (r"\(" if hashes else r"\(?"))
        while True:
            mark = marks.search(self.source, self.position)
            if mark is None:
                raise BrokenSource(f"{self.line}: a text has no end")
            self._move(mark.end())
            if mark.group() == end:
                if len(self.tokens) == first + 1:
                    self.tokens[first] = self.tokens[first]._replace(text=opening + self.source[start:mark.start()])
                return
            if mark.group() == escape + "(":
                self._interpolation()
            elif mark.group() == "\\":
                self._move(self.position + 1)

    def _interpolation(self):
        self._add(SIGN, "(")
        depth = 1
        while depth > 0:
            if self.position >= len(self.source):
                raise BrokenSource(f"{self.line}: a value in a text has no end")
            before = len(self.tokens)
            self._step()
            if len(self.tokens) == before + 1 and self.tokens[-1].kind == SIGN:
                depth += {"(": 1, ")": -1}.get(self.tokens[-1].text, 0)

    def _begins_regex(self) -> bool:
        """Whether a slash opens a regular expression: at a place for a value, no space after it, closed on its line."""
        following = self.source[self.position:self.position + 1]
        if following in ("", " ", "\t", "\n", "="):
            return False
        before = self.tokens[-1] if self.tokens else None
        if before is not None and not (before.text in ("(", "[", "{", ",", ":", "=", "return", "in") and self.is_apart
                                       or before.text in ("(", "[")):
            return False
        return "/" in self.source[self.position:].split("\n", 1)[0]

    def _skip_regex(self):
        end = re.compile(r"(?:\\.|[^\\/\n])*/").match(self.source, self.position)
        if end is None:
            self._add(SIGN, "/")
            return
        self._move(end.end())
        self._add(TEXT, "/")


def tokenized(source: str) -> List[Token]:
    return Tokenizer(source).all()


CLOSING = {"(": ")", "[": "]", "{": "}"}


def matching(tokens: List[Token]) -> List[int]:
    """For each token its bracket's other half, or -1."""
    other, stack = [-1] * len(tokens), []
    for index, token in enumerate(tokens):
        if token.kind != SIGN:
            continue
        if token.text in CLOSING:
            stack.append(index)
        elif token.text in (")", "]", "}"):
            if not stack or CLOSING[tokens[stack[-1]].text] != token.text:
                raise BrokenSource(f"{token.line}: {token.text} closes nothing")
            opening = stack.pop()
            other[opening], other[index] = index, opening
    if stack:
        raise BrokenSource(f"{tokens[stack[-1]].line}: {tokens[stack[-1]].text} is never closed")
    return other
