"""The usage that a task reports, in characters as the cloud counts them: a Han character is two, any other is one."""

import re

_TAG = re.compile(r"<!--.*?-->|<[^>]*>", re.DOTALL)
_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")


def count_characters(text: str, *, is_ssml: bool = False) -> int:
    """The characters of a text; the tags of SSML do not count."""
    spoken = _TAG.sub("", text) if is_ssml else text
    return len(spoken) + len(_HAN.findall(spoken))
