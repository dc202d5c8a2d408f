"""Web, mail and IP addresses, file names and versions: spelled, with their symbols named."""

import re

from server.text.characters import HAN
from server.text.normalization.numerals import cardinal, spell_digits
from server.text.normalization.rewriting import rule

_SYMBOL_NAMES = {
    ".": "点", "@": "艾特", "-": "杠", "_": "下划线", "/": "斜杠", ":": "冒号", "?": "问号", "=": "等于", "&": "和",
    "#": "井号", "%": "百分号", "+": "加", "~": "波浪线",
}  # fmt: skip
_TOP_LEVEL_DOMAINS = (
    "com|cn|org|net|edu|gov|io|info|biz|top|xyz|tv|cc|me|co|ai|app|dev|site|online|vip|club|shop|hk|tw|jp|kr|uk|de|fr|"
    "ru|us|eu"
)
_PATH = r"(?:[/?#][A-Za-z0-9._~:/?#@&+=%-]{0,300}(?<=[A-Za-z0-9]))?"
_FILE_EXTENSIONS = (
    "docx?|xlsx?|pptx?|pdf|txt|csv|json|ya?ml|xml|html?|md|log|jpe?g|png|gif|bmp|svg|psd|mp[34]|wav|flac|avi|mkv|mov|"
    "zip|rar|7z|tar|gz|exe|apk|dmg|iso|py|js|ts|java|cpp|go|rs|sh|bat|ini|cfg|conf|sql|db|onnx"
)
_VERSION = r"[0-9]{1,5}(?:\.[0-9]{1,5}){2,5}"


def _spell(address: str) -> str:
    return "".join(_SYMBOL_NAMES.get(char, spell_digits(char) or char) for char in address)


def _join_by_point(match: re.Match[str]) -> str:
    return "点".join(map(spell_digits, match[1].split(".")))


RULES = (
    rule(r"[0-9]{25,}(?:\.[0-9]+)?|(?<=[0-9])\.[0-9]{25,}",
         lambda m: "点".join(spell_digits(part) for part in m[0].split("."))),
    rule(r"(?<![A-Za-z0-9._%+-])[A-Za-z0-9][A-Za-z0-9._%+-]{0,63}@(?:[A-Za-z0-9-]{1,63}\.){1,6}[A-Za-z]{2,24}"
         r"(?![A-Za-z0-9])",
         lambda m: _spell(m[0])),
    rule(rf"(?<![A-Za-z0-9])[A-Za-z]{{3,5}}://([A-Za-z0-9.:@-]{{1,100}}(?<=[A-Za-z0-9]){_PATH})/?",
         lambda m: _spell(m[1])),
    rule(rf"(?i:(?<![A-Za-z0-9@._-])((?:[a-z0-9-]{{1,63}}\.){{1,6}}(?:{_TOP_LEVEL_DOMAINS})(?![A-Za-z0-9])(?::[0-9]{{2,5}})?"
         rf"{_PATH}))/?",
         lambda m: _spell(m[1])),
    rule(r"(?<![A-Za-z0-9:/])(?:/[A-Za-z0-9._-]{1,64}){2,20}", lambda m: _spell(m[0])),
    rule(rf"(?<![0-9])([0-9]{{1,24}})(?=\.(?:{_FILE_EXTENSIONS})(?![A-Za-z0-9]))",
         lambda m: spell_digits(m[1]) if len(m[1]) > 2 else cardinal(m[1])),
    rule(rf"(?<=[A-Za-z0-9{HAN})）])\.(?=(?:{_FILE_EXTENSIONS})(?![A-Za-z0-9]))", lambda m: "点"),
    rule(rf"(?<=[A-Za-z0-9{HAN}])_(?=[A-Za-z0-9{HAN}])", lambda m: "下划线"),
    rule(r"(?<![0-9.])((?:[0-9]{1,3}\.){3}[0-9]{1,3}):([0-9]{1,5})(?![0-9])",
         lambda m: f"{_join_by_point(m)}冒号{spell_digits(m[2])}"),
    # 2024.3.5 is a date, which a later rule reads
    rule(rf"(?<![0-9.])(?!(?:1[0-9]|20)[0-9]{{2}}\.[0-9]{{1,2}}\.[0-9]{{1,2}}(?![0-9.]))"
         rf"(?!(?:0?[1-9]|1[0-2])\.[0-9]{{1,2}}\.(?:19|20)[0-9]{{2}}(?![0-9.]))({_VERSION})(?![0-9])", _join_by_point),
    rule(r"(?<=[vV])([0-9]{1,5})\.([0-9]{1,5})(?![0-9])", lambda m: f"{cardinal(m[1])}点{spell_digits(m[2])}"),
)  # fmt: skip
