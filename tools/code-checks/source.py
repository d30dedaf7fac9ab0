"""A Swift file with its tokens, its bracket pairs and its blocks: types, and the bodies of code in them."""
from __future__ import annotations

from typing import List, NamedTuple, Optional

from tokens import SIGN, WORD, Token, matching, tokenized

TYPE_WORDS = {"struct", "enum", "class", "actor", "protocol", "extension"}
MEMBER_WORDS = {"func", "init", "deinit", "subscript", "var", "let"}
_AFTER_MODIFIER = TYPE_WORDS | MEMBER_WORDS | {"static", "final", "public", "package", "internal", "private", "override"}


class Block(NamedTuple):
    """A pair of braces. `word` is the declaration's keyword, or "" for braces that no declaration opens."""
    word: str
    name: str
    opening: int
    closing: int
    parent: Optional["Block"]

    @property
    def is_type(self) -> bool:
        return self.word in TYPE_WORDS

    @property
    def path(self) -> str:
        """The name with those of the types around it: Pool2D.Reduction."""
        names, block = [], self
        while block is not None:
            if block.is_type:
                names.append(block.name)
            block = block.parent
        return ".".join(reversed(names))


class Source:
    def __init__(self, path: str, text: str):
        self.path, self.text = path, text
        self.tokens: List[Token] = tokenized(text)
        self.other = matching(self.tokens)
        self.blocks = self._blocks()

    @property
    def line_count(self) -> int:
        return self.text.count("\n") + (0 if self.text.endswith("\n") or not self.text else 1)

    def is_word(self, index: int, *words: str) -> bool:
        """Whether a keyword stands there: a word that is no member's name."""
        token = self.tokens[index] if index < len(self.tokens) else None
        return (token is not None and token.kind == WORD and token.text in words
                and not (index > 0 and self.tokens[index - 1].text == "."))

    def type_around(self, index: int) -> str:
        """The path of the innermost type or extension around a token, or ""."""
        path = ""
        for block in self.blocks:
            if block.is_type and block.opening < index < block.closing:
                path = block.path
        return path

    def _blocks(self) -> List[Block]:
        blocks: List[Block] = []
        around: List[Block] = []
        word, name = "", ""
        for index, token in enumerate(self.tokens):
            if token.kind == WORD and self._declares(index):
                word, name = token.text, self._declared_name(index)
            elif token.kind == SIGN and token.text == "{":
                block = Block(word, name, index, self.other[index], around[-1] if around else None)
                blocks.append(block)
                around.append(block)
                word, name = "", ""
            elif token.kind == SIGN and token.text == "}":
                around.pop()
                word, name = "", ""
        return blocks

    def _declares(self, index: int) -> bool:
        if not self.is_word(index, *TYPE_WORDS, *MEMBER_WORDS):
            return False
        before = self.tokens[index - 1].text if index > 0 else ""
        after = self.tokens[index + 1].text if index + 1 < len(self.tokens) else ""
        if self.tokens[index].text in ("init", "deinit", "subscript"):
            return after in ("(", "?", "!", "<", "{") and before != "return"
        if self.tokens[index].text == "class" and (before == ":" or after in _AFTER_MODIFIER):
            return False
        return after not in (":", ",", ")")

    def _declared_name(self, index: int) -> str:
        if self.tokens[index].text in ("init", "deinit", "subscript"):
            return self.tokens[index].text
        index += 1
        name = self.tokens[index].text
        # An extension's name may be that of a type in another: Pool2D.Reduction.
        while index + 2 < len(self.tokens) and self.tokens[index + 1].text == "." and self.tokens[index + 2].kind == WORD:
            index += 2
            name += "." + self.tokens[index].text
        return name
