"""Putting the configuration together: defaults, then the file, then the environment, then secret files."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from dispatcher.errors import ConfigurationError
from dispatcher.settings import secret_files, sources
from dispatcher.settings.keys import KEYS
from dispatcher.settings.model import Settings
from dispatcher.settings.report import shown
from dispatcher.settings.rules import CallingRules
from dispatcher.settings.sources import Given


def load(path: Path | None, environ: Mapping[str, str]) -> Settings:
    """Return the settings of the file at `path`, or the one that DISPATCHER_CONFIG names, and of the environment.

    Without either there is no file: none is looked for. Raises a ConfigurationError with every fault there is, each a
    sentence that names the key, where it is written, what is wrong and what to do.
    """
    if path is None and environ.get(sources.CONFIG_VARIABLE):
        path = Path(environ[sources.CONFIG_VARIABLE])
    faults: list[str] = []
    from_file = sources.from_file(path, faults) if path is not None else {}
    given, failed = secret_files.resolve(
        {**(from_file or {}), **sources.from_environment(environ, faults)},
        secret_files.folder_for(path, environ),
        faults,
    )
    settings = None
    try:
        settings = Settings.model_validate(_nested(given), context={key: found.source for key, found in given.items()})
    except ValidationError as invalid:
        for error in invalid.errors(include_url=False, include_input=False):
            key = ".".join(map(str, error["loc"]))
            # What could not be read may have set what seems to be missing or at odds with the rest.
            if key not in failed and (from_file is not None or key in given):
                faults.append(_sentence(key, given.get(key), error["msg"]))
    if settings is None or faults:
        # Raised out here, so that no traceback drags along what was given, secrets included.
        raise ConfigurationError(*faults)
    if settings.calling_rules != CallingRules():
        settings.calling_rules.pack(anew=True)
    return settings


def _nested(given: Mapping[str, Given]) -> dict[str, dict[str, object]]:
    document: dict[str, dict[str, object]] = {}
    for key, found in given.items():
        document.setdefault(KEYS[key].section, {})[KEYS[key].name] = found.value
    return document


def _sentence(full_name: str, found: Given | None, message: str) -> str:
    key = KEYS[full_name]
    requirement = message.removeprefix("Value error, ").replace("Input should be", "must be")
    value: Any = key.field.default if found is None else found.value
    source = "default" if found is None else found.source
    if value is None:
        return f"{key} is not set, but {requirement}."
    if key.secret:
        quoted = "set" if value else "empty"
    else:
        quoted = repr(shown(value)) if isinstance(value, str) else shown(value)
    return f"{key} is {quoted} ({source}), but {requirement}."
