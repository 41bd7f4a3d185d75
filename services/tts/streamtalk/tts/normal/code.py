"""Code within a sentence, which is read, and blocks of code, which are only named."""

import re
from typing import Final

_LANGUAGES: Final = {
    "py": "Python", "python": "Python", "js": "JavaScript", "javascript": "JavaScript",
    "ts": "TypeScript", "typescript": "TypeScript", "sh": "Shell", "bash": "Shell",
    "shell": "Shell", "c": "C", "cpp": "C plus plus", "c++": "C plus plus", "java": "Java",
    "go": "Go", "rust": "Rust", "sql": "SQL", "html": "HTML", "css": "CSS", "json": "JSON",
    "yaml": "YAML", "toml": "TOML", "xml": "XML",
}  # fmt: skip
_SIGNS: Final = {
    "en": {
        "==": "equals equals", "!=": "not equal to", ">=": "greater or equal to",
        "<=": "less or equal to", "->": "arrow", "=>": "arrow", "=": "equals", "+": "plus",
        "*": "star", "/": "slash", ".": "dot", "-": "dash", "<": "less than",
        ">": "greater than", "&": "and", "|": "pipe", "%": "percent", "@": "at", "#": "hash",
        "$": "dollar",
    },
    "zh": {
        "==": "等于等于", "!=": "不等于", ">=": "大于等于", "<=": "小于等于", "->": "箭头",
        "=>": "箭头", "=": "等于", "+": "加", "*": "星号", "/": "斜杠", ".": "点", "-": "杠",
        "<": "小于", ">": "大于", "&": "和", "|": "竖线", "%": "百分号", "@": "at", "#": "井号",
        "$": "美元符",
    },
}  # fmt: skip
_TOKEN: Final = re.compile(
    r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+(?:\.\d+)?|[^\W\d_A-Za-z]+|==|!=|>=|<=|->|=>|[^\w\s]|\s+|_+"
)


def inline(code: str, language: str) -> list[tuple[str, int]]:
    """Words of a bit of code with their offsets in it: names taken apart, signs by their names."""
    signs = _SIGNS["zh" if language == "zh" else "en"]
    found: list[tuple[str, int]] = []
    for token in _TOKEN.finditer(code):
        text = token.group()
        if text == "." and not code[token.end() : token.end() + 1].isalnum():
            continue
        if text in signs or text[0].isalnum():
            found.append((signs.get(text, text), token.start()))
    return found


def block(info: str, language: str) -> str:
    """What is said in the place of a block of code: that it is there, not what it holds."""
    name = _LANGUAGES.get(info.strip().split(" ")[0].lower(), "")
    if language == "zh":
        return f"（{name}代码见文字）" if name else "（代码见文字）"
    return f"({name} code is in the text.)" if name else "(Code is in the text.)"
