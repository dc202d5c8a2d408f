"""What all sections have in common: strict types, no unknown keys, no later changes; and how their keys are marked."""

from typing import Annotated, Any, Final, TypeVar
from urllib.parse import urlsplit

import pydantic
from pydantic import BaseModel, ConfigDict

T = TypeVar("T")

HIDDEN = "**********"
"""What is shown instead of a secret."""


class Section(BaseModel):
    """A section of the configuration. Every key is documented in config.yaml."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class ReloadMark:
    """Marks a key whose change a running server applies."""


RELOADABLE: Final = ReloadMark()

Reloadable = Annotated[T, RELOADABLE]
"""The type of a key whose change a running server applies on SIGHUP: `stall_seconds: Reloadable[float] = Field(...)`.
A change of any other key needs a restart. The component that uses the key takes the change in `reconfigure`."""

Secret = pydantic.SecretStr
"""The type of a text that is never shown: secrets of webhooks, passwords. `get_secret_value()` reads it."""


SHOWN: Final = {"shown": True}
"""The context of `model_dump` for what a person sees."""


def _hide(value: Any, dump: pydantic.SerializerFunctionWrapHandler, info: pydantic.SerializationInfo) -> Any:
    return HIDDEN if info.context is SHOWN else dump(value)


HIDE: Final = pydantic.WrapSerializer(_hide)

Hidden = Annotated[T, HIDE]
"""The type of a value that only `model_dump` for people hides, such as the hash of a key: `sha256: Hidden[str]`."""


class SecretUrl(pydantic.Secret[str]):
    """A URL that is shown without its password and its query. `get_secret_value()` reads it."""

    def _display(self) -> str:
        try:
            return _without_secrets(self.get_secret_value())
        except ValueError:  # not a URL
            return HIDDEN


def _without_secrets(url: str) -> str:
    parts = urlsplit(url)
    account, at, host = parts.netloc.rpartition("@")
    if url.count("@") > len(at):
        return HIDDEN  # a password with an unescaped / ? # or @ is cut off
    if at:
        name, colon, _ = account.partition(":")
        host = f"{name}:{HIDDEN}@{host}" if colon else f"{HIDDEN}@{host}"
    return parts._replace(netloc=host, query=parts.query and HIDDEN, fragment="").geturl()
