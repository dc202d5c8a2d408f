"""The secret of a key: 256 random bits, in a form that scanners of published files can find.

It is `sk-sambert-`, 43 characters for the bits and 6 for their CRC-32, in the digits 0-9A-Za-z.
"""

import hashlib
import re
import secrets
import string
import zlib

PREFIX = "sk-sambert-"
PATTERN = re.compile(rf"{PREFIX}([0-9A-Za-z]{{43}})([0-9A-Za-z]{{6}})", re.ASCII)

_DIGITS = string.digits + string.ascii_uppercase + string.ascii_lowercase
_BITS = 256
_LENGTH, _CHECKSUM_LENGTH = 43, 6
"""The digits of numbers of 256 and of 32 bits, to the base of 62."""


def new_secret() -> str:
    """Returns a new secret."""
    digits = _encode(secrets.randbits(_BITS), _LENGTH)
    return PREFIX + digits + _checksum(digits)


def is_well_formed(secret: str) -> bool:
    """Whether `new_secret` could have made it. A mistyped or shortened one is not."""
    match = PATTERN.fullmatch(secret)
    return match is not None and _checksum(match[1]) == match[2]


def hash_secret(secret: str) -> str:
    """Returns the SHA-256 of a secret in hexadecimal digits, which is what is stored.

    A slow hash protects passwords, which can be guessed. Of 256 random bits nobody finds any by trying.
    """
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()


def _checksum(digits: str) -> str:
    return _encode(zlib.crc32(digits.encode()), _CHECKSUM_LENGTH)


def _encode(number: int, length: int) -> str:
    digits = []
    for _ in range(length):
        number, digit = divmod(number, len(_DIGITS))
        digits.append(_DIGITS[digit])
    return "".join(reversed(digits))
