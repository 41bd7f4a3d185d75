"""Units of measure and of money by their signs, in both languages."""

import re
from typing import Final, NamedTuple


class Unit(NamedTuple):
    """How a unit is said after a number."""

    one: str
    many: str
    zh: str


def _regular(one: str, zh: str) -> Unit:
    return Unit(one, one + "s", zh)


UNITS: Final[dict[str, Unit]] = {
    "km/h": Unit("kilometer per hour", "kilometers per hour", "公里每小时"),
    "m/s": Unit("meter per second", "meters per second", "米每秒"),
    "mph": Unit("mile per hour", "miles per hour", "英里每小时"),
    "kbps": Unit("kilobit per second", "kilobits per second", "千比特每秒"),
    "Mbps": Unit("megabit per second", "megabits per second", "兆比特每秒"),
    "Gbps": Unit("gigabit per second", "gigabits per second", "千兆比特每秒"),
    "KB/s": Unit("kilobyte per second", "kilobytes per second", "千字节每秒"),
    "kB/s": Unit("kilobyte per second", "kilobytes per second", "千字节每秒"),
    "MB/s": Unit("megabyte per second", "megabytes per second", "兆字节每秒"),
    "GB/s": Unit("gigabyte per second", "gigabytes per second", "吉字节每秒"),
    "km²": Unit("square kilometer", "square kilometers", "平方公里"),
    "km2": Unit("square kilometer", "square kilometers", "平方公里"),
    "m²": Unit("square meter", "square meters", "平方米"),
    "m2": Unit("square meter", "square meters", "平方米"),
    "cm²": Unit("square centimeter", "square centimeters", "平方厘米"),
    "m³": Unit("cubic meter", "cubic meters", "立方米"),
    "cm³": Unit("cubic centimeter", "cubic centimeters", "立方厘米"),
    "kWh": _regular("kilowatt hour", "千瓦时"),
    "°C": Unit("degree Celsius", "degrees Celsius", "摄氏度"),
    "℃": Unit("degree Celsius", "degrees Celsius", "摄氏度"),
    "°F": Unit("degree Fahrenheit", "degrees Fahrenheit", "华氏度"),
    "℉": Unit("degree Fahrenheit", "degrees Fahrenheit", "华氏度"),
    "°": _regular("degree", "度"),
    "km": _regular("kilometer", "公里"),
    "cm": _regular("centimeter", "厘米"),
    "mm": _regular("millimeter", "毫米"),
    "nm": _regular("nanometer", "纳米"),
    "μm": _regular("micrometer", "微米"),
    "µm": _regular("micrometer", "微米"),
    "kg": _regular("kilogram", "公斤"),
    "mg": _regular("milligram", "毫克"),
    "ml": _regular("milliliter", "毫升"),
    "mL": _regular("milliliter", "毫升"),
    "ms": _regular("millisecond", "毫秒"),
    "kHz": Unit("kilohertz", "kilohertz", "千赫兹"),
    "MHz": Unit("megahertz", "megahertz", "兆赫兹"),
    "GHz": Unit("gigahertz", "gigahertz", "吉赫兹"),
    "Hz": Unit("hertz", "hertz", "赫兹"),
    "KB": _regular("kilobyte", "千字节"),
    "kB": _regular("kilobyte", "千字节"),
    "MB": _regular("megabyte", "兆字节"),
    "GB": _regular("gigabyte", "吉字节"),
    "TB": _regular("terabyte", "太字节"),
    "kW": _regular("kilowatt", "千瓦"),
    "MW": _regular("megawatt", "兆瓦"),
    "dB": _regular("decibel", "分贝"),
    "lbs": _regular("pound", "磅"),
    "lb": _regular("pound", "磅"),
    "oz": _regular("ounce", "盎司"),
    "ft": Unit("foot", "feet", "英尺"),
    "mi": _regular("mile", "英里"),
    "min": _regular("minute", "分钟"),
    "hr": _regular("hour", "小时"),
    "hrs": _regular("hour", "小时"),
    "sec": _regular("second", "秒"),
    "px": _regular("pixel", "像素"),
    "V": _regular("volt", "伏"),
    "W": _regular("watt", "瓦"),
    "L": _regular("liter", "升"),
    "g": _regular("gram", "克"),
    "m": _regular("meter", "米"),
    "s": _regular("second", "秒"),
    "h": _regular("hour", "小时"),
    "Ω": _regular("ohm", "欧姆"),
    "fps": Unit("frame per second", "frames per second", "帧每秒"),
}
UNIT: Final = "(?:" + "|".join(re.escape(u) for u in sorted(UNITS, key=len, reverse=True)) + ")"


class Money(NamedTuple):
    """A currency."""

    one: str
    many: str
    cents: tuple[str, str]
    zh: str


_DOLLAR: Final = ("cent", "cents")
_PENNY: Final = ("penny", "pence")
MONEY: Final[dict[str, Money]] = {
    "$": Money("dollar", "dollars", _DOLLAR, "美元"),
    "US$": Money("US dollar", "US dollars", _DOLLAR, "美元"),
    "HK$": Money("Hong Kong dollar", "Hong Kong dollars", _DOLLAR, "港元"),
    "€": Money("euro", "euros", _DOLLAR, "欧元"),
    "£": Money("pound", "pounds", _PENNY, "英镑"),
    "¥": Money("yuan", "yuan", ("fen", "fen"), "元"),
    "￥": Money("yuan", "yuan", ("fen", "fen"), "元"),
    "₹": Money("rupee", "rupees", ("paisa", "paise"), "卢比"),
    "₩": Money("won", "won", ("jeon", "jeon"), "韩元"),
}
CODES: Final[dict[str, Money]] = {
    "USD": Money("US dollar", "US dollars", _DOLLAR, "美元"),
    "EUR": MONEY["€"],
    "GBP": MONEY["£"],
    "CNY": MONEY["¥"],
    "RMB": MONEY["¥"],
    "JPY": Money("yen", "yen", ("sen", "sen"), "日元"),
    "HKD": MONEY["HK$"],
}
SIGN: Final = r"(?:US\$|HK\$|[$€£¥￥₹₩])"
CODE: Final = "(?:" + "|".join(CODES) + ")"
SCALES: Final[dict[str, tuple[str, int]]] = {
    "k": ("thousand", 3), "K": ("thousand", 3), "thousand": ("thousand", 3),
    "M": ("million", 6), "m": ("million", 6), "million": ("million", 6), "mn": ("million", 6),
    "B": ("billion", 9), "bn": ("billion", 9), "billion": ("billion", 9),
    "T": ("trillion", 12), "trillion": ("trillion", 12),
}  # fmt: skip
"""What follows an amount of money: its word, and its zeros."""

SCALE: Final = r"(?:thousand|million|billion|trillion|mn|bn|[kKmMBT])(?![A-Za-z])"
