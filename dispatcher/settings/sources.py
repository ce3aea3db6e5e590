"""The TOML file and the environment.

Each reader returns what it found by full key (`section.key`) and appends what is wrong to `faults`. No message quotes
a value of an unknown key: it may be a secret whose key was mistyped.
"""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from dispatcher.settings.keys import KNOWN, PREFIX, SECTIONS, nearest, variable

CONFIG_VARIABLE = "DISPATCHER_CONFIG"

_POSITION = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")
_SERVICE_LINK = re.compile(
    r"_(SERVICE_HOST|SERVICE_PORT(_[A-Z0-9_]+)?|PORT_[0-9]+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)$"
)


class Given(NamedTuple):
    """A value as it was written, and where."""

    value: object
    source: str


def from_file(path: Path, faults: list[str]) -> dict[str, Given] | None:
    """Return the values of a TOML file, or None when it cannot be read as one."""
    try:
        written = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        faults.append(f"{path} is not UTF-8 at byte {fault.start}: save it in UTF-8.")
        return None
    except (OSError, ValueError) as fault:
        faults.append(f"The configuration file {path} cannot be read: {why(fault)}.")
        return None
    try:
        document = tomllib.loads(written)
    except (ValueError, RecursionError) as fault:
        faults.append(_syntax_fault(path, written, str(fault)))
        return None
    return _known_values(path, document, faults)


def from_environment(environ: Mapping[str, str], faults: list[str]) -> dict[str, Given]:
    """Return the values of the `DISPATCHER_<SECTION>__<KEY>` variables."""
    known = {variable(key): key for key in KNOWN}
    given = {}
    for name, value in sorted(environ.items()):
        if name in known:
            given[known[name]] = Given(value, f"environment variable {name}")
        elif name.upper().startswith(PREFIX) and name != CONFIG_VARIABLE and not _is_service_link(name, value):
            section = f"{PREFIX}{name.upper().removeprefix(PREFIX).partition('__')[0]}__"
            own = [variable for variable in known if variable.startswith(section)]
            remedy = nearest(name.upper(), [CONFIG_VARIABLE, *known], own or [f"{PREFIX}<SECTION>__<KEY>"])
            faults.append(f"The environment variable {name} is no setting: {remedy}")
    return given


def why(fault: Exception) -> str:
    """Return a few words on why a file could not be read."""
    return (fault.strerror if isinstance(fault, OSError) else None) or str(fault)


def _known_values(path: Path, document: dict[str, Any], faults: list[str]) -> dict[str, Given]:
    given = {}
    for section, table in document.items():
        if section not in SECTIONS:
            own = [key for key in KNOWN if key.endswith(f".{section}")]
            faults.append(f"{path} has no use for {section}: {nearest(section, own or SECTIONS)}")
        elif not isinstance(table, dict):
            faults.append(f"{section} in {path} must be a table: write [{section}] and its keys below it.")
        else:
            for name, value in table.items():
                key = f"{section}.{name}"
                if key in KNOWN:
                    given[key] = Given(value, f"file {path}")
                else:
                    faults.append(f"{path} has no use for {key}: {_nearest_key(section, name)}")
    return given


def _nearest_key(section: str, name: str) -> str:
    elsewhere = [key for key in KNOWN if key.endswith(f".{name}")]
    return nearest(f"{section}.{name}", elsewhere or (key for key in KNOWN if key.startswith(f"{section}.")))


def _syntax_fault(path: Path, written: str, message: str) -> str:
    position = _POSITION.search(message)
    if position is None:
        return f"{path} is no valid TOML: {message}."
    line = position[1] or str(len(written.splitlines()))
    column = f", column {position[2]}" if position[2] else ""
    return f"{path} is no valid TOML at line {line}{column}: {message[: position.start()]}."


def _is_service_link(name: str, value: str) -> bool:
    """Whether Kubernetes made the variable: it does for each Service whose name begins with `dispatcher`."""
    return _SERVICE_LINK.search(name) is not None or (
        name.endswith("_PORT") and value.startswith(("tcp://", "udp://", "sctp://"))
    )
