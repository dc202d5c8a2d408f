"""Reads environment variables: SAMBERT_SERVER__PORT is server.port.

By hand, because pydantic-settings passes over variables that name nothing, reads `8000` as text that a strict section
refuses, and knows neither YAML nor where a value came from.
"""

import re
from collections.abc import Mapping

from server.config.keys import PREFIX, RENAMED_KEYS, keys, meant, nearest, sections, unknown_key, variable_of
from server.config.setting import Setting, Settings
from server.config.value_text import parse_value

FILE_VARIABLE = "SAMBERT_CONFIG"
"""The configuration file, where --config does not name one."""

OTHER_VARIABLES = {FILE_VARIABLE}
"""Variables with the prefix that are no keys."""

_SERVICE_VARIABLE = re.compile(rf"{PREFIX}(\w+_)?(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT_\d+_(TCP|UDP|SCTP)(_[A-Z]+)?)")


def environment_settings(environment: Mapping[str, str]) -> Settings:
    """The values of the variables that start with SAMBERT_."""
    settings = Settings()
    variables = {key.variable: key for key in keys().values()}
    for name, text in environment.items():
        if key := variables.get(name):
            try:
                settings.values[str(key)] = Setting(parse_value(text, key.field), name, name)
            except ValueError as error:
                settings.problems.append(f"{name} {error}")
        elif name.upper().startswith(PREFIX) and name not in OTHER_VARIABLES and not _is_of_a_service(name, text):
            settings.problems.append(_unknown_variable(name))
    return settings


def _is_of_a_service(name: str, text: str) -> bool:
    """Whether Kubernetes or Docker has set the variable, because a service or a container is called `sambert...`."""
    return bool(_SERVICE_VARIABLE.fullmatch(name)) or (name.endswith("_PORT") and "://" in text)


def _unknown_variable(name: str) -> str:
    path = name.upper().removeprefix(PREFIX).lower().replace("__", ".", 1)
    if path in RENAMED_KEYS:
        return f"{name}: {unknown_key(path)} to {variable_of(RENAMED_KEYS[path])}"
    section = path.partition(".")[0]
    if section in sections():
        valid = ", ".join(key.variable for key in keys().values() if key.section == section)
    else:
        valid = f"{PREFIX}<SECTION>__<KEY> with a section of {', '.join(map(str.upper, sections()))}; {FILE_VARIABLE}"
    near = nearest(path, keys())
    return f"{name} is no variable of the configuration; valid: {valid}{meant(near and variable_of(near))}"
