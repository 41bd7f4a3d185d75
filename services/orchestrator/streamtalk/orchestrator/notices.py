"""Sentences that the system itself says when a part of it is missing, in English and Chinese."""

from typing import Final

NOTICES: Final[dict[str, dict[str, str]]] = {
    "unheard": {
        "en": "Sorry, I can't hear just now. Please say that again in a moment.",
        "zh": "抱歉，我现在听不清，请稍后再说一遍。",
    },
    "deaf": {
        "en": "I can't hear just now. I will be back as soon as I can.",
        "zh": "我现在听不见，会尽快恢复。",
    },
    "language": {
        "en": "Sorry, I can't understand that language with the present speech recognition.",
        "zh": "抱歉，目前的语音识别听不懂这种语言。",
    },
    "no_answer": {
        "en": "Sorry, I couldn't get an answer from the language model. Please try again.",
        "zh": "抱歉，语言模型没有回答，请再试一次。",
    },
    "microphone_lost": {
        "en": "Sorry, the microphone was interrupted. Please say that again.",
        "zh": "抱歉，麦克风中断了，请再说一遍。",
    },
}

STAND_IN: Final = {
    "tts": "{engine} speaks meanwhile: the first voice is away, or has failed.",
    "asr": "{engine} listens meanwhile: the first speech recognition is away, or has failed.",
}
"""For a view, while a lower entry of a chain works."""

AWAY: Final = {
    "vad": "I can't hear just now: voice activity detection is being restarted.",
    "asr": "I can't hear just now: speech recognition is being restarted.",
    "tts": "I have no voice just now: answers are shown as text.",
}
"""For a view: what is missing while a stage has no instance, the gravest first."""


def notice(name: str, language: str) -> str:
    """The sentence in the session's language; English where that one is missing."""
    texts = NOTICES[name]
    return texts.get(language[:2], texts["en"])
