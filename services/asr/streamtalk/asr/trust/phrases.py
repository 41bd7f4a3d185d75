"""What Whisper says where nobody speaks: the closing lines of the subtitles it was trained on."""

import re
import unicodedata
from typing import Final

_PHRASES: Final = {
    "en": """
        thanks for watching | thank you for watching | thank you so much for watching
        thank you very much for watching | thanks for listening | please subscribe
        please like and subscribe | like and subscribe | subscribe to my channel
        please subscribe to my channel | don't forget to subscribe | see you in the next video
        see you next time | i'll see you in the next video | i'll see you next time
        subtitles by the amara org community | transcribed by | subtitles by | captions by
        copyright | all rights reserved | the end | music | applause | silence | laughter
    """,
    "zh": """
        谢谢观看 | 谢谢大家观看 | 感谢观看 | 感谢您的观看 | 感谢收看 | 谢谢收看 | 谢谢大家
        请订阅 | 请不吝点赞 | 请不吝点赞订阅转发打赏支持明镜与点点栏目 | 明镜与点点栏目
        点赞订阅转发打赏 | 欢迎订阅 | 我们下期再见 | 下期再见 | 下集再见 | 未完待续 | 完
        字幕由 | 字幕提供 | 字幕制作 | 字幕组 | 中文字幕 | 字幕志愿者 | 优优独播剧场
        本字幕由 | 由社群提供的字幕 | 中文字幕志愿者 | 音乐 | 掌声 | 笑声
    """,
    "de": "untertitel der amara org community | untertitel von | vielen dank fürs zuschauen",
    "fr": "sous titres réalisés par | merci d'avoir regardé cette vidéo | abonnez vous",
    "es": "subtítulos por la comunidad de amara org | gracias por ver el video | suscríbete",
    "ja": "ご視聴ありがとうございました | チャンネル登録をお願いします",
    "ko": "시청해주셔서 감사합니다 | 구독과 좋아요",
    "ru": "продолжение следует | субтитры сделал | спасибо за просмотр",
}
"""By language, in order of how often they are reported for Whisper."""

_IDLE: Final = frozenset(
    """you|thank you|thank you very much|thanks|okay|ok|bye|bye bye|so|yeah|oh|uh|um|hmm|mm|mhm|the
    |i|and|ah|嗯|谢谢|好|好的|啊|哦|呃|对|是""".replace("\n", "")
    .replace(" |", "|")
    .split("|")
)
"""What Whisper says most often of sounds that are no speech, and people say, too (Koenecke et al.
2024; Barański et al. 2025)."""

_ADDRESS: Final = re.compile(r"(?:https?://|www\.|\b\w+\.(?:com|org|net|tv|cn)\b)", re.IGNORECASE)
_CREDIT: Final = re.compile(
    r"^(?:字幕(?:由|提供|制作|製作|组|組|志愿者)|subtitles? by|captions? by"
    r"|transcri(?:bed|ption) by|untertitel (?:von|der)|sous[- ]titres|субтитры)",
    re.IGNORECASE,
)


def plain(text: str) -> str:
    """Letters, digits and single spaces, case and width folded."""
    folded = unicodedata.normalize("NFKC", text).casefold().replace("’", "'")
    kept = (char if char.isalnum() or char == "'" else " " for char in folded)
    return " ".join("".join(kept).split())


_KNOWN: Final = frozenset(
    plain(phrase)
    for listed in _PHRASES.values()
    for phrase in re.split(r"[|\n]", listed)
    if phrase.strip()
)


def is_stock_phrase(text: str) -> bool:
    """Whether all of `text` is such lines, in any language: the model often mistakes that too."""
    sentences = [plain(part) for part in re.split(r"[.!?。！？\n]+", text)]
    said = [sentence for sentence in sentences if sentence]
    return bool(said) and all(sentence in _KNOWN for sentence in said)


def is_idle_word(text: str) -> bool:
    """Whether `text` is no more than a word or two that a model says for want of better."""
    return " ".join(plain(text).split()) in _IDLE


def is_credit(text: str) -> bool:
    """Whether `text` names who made subtitles, or is little but an address."""
    bare = text.strip()
    if _CREDIT.match(plain(bare)) or _CREDIT.match(bare):
        return True
    rest = _ADDRESS.sub("", bare)
    return rest != bare and sum(char.isalnum() for char in rest) < len(bare) // 2
