"""Secrets that are mounted as files: Kubernetes secrets, systemd credentials."""

from collections.abc import Mapping
from pathlib import Path

from dispatcher.settings.keys import FILE_SUFFIX, KEYS, variable
from dispatcher.settings.sources import Given, why


def resolve(given: Mapping[str, Given], folder: Path, faults: list[str]) -> tuple[dict[str, Given], set[str]]:
    """Return the values with each `<key>_file` replaced by what its file holds, and the keys that this failed for.

    Relative paths are resolved against `folder`. Line ends at the end of the file are no part of the secret. An empty
    path means no file, so that a variable can take back what the configuration file says.
    """
    values = dict(given)
    failed = set()
    for key in (key for key, known in KEYS.items() if known.secret):
        pointer = values.pop(key + FILE_SUFFIX, None)
        if pointer is None or pointer.value == "":
            continue
        try:
            values[key] = _read(key, values.get(key), pointer, folder)
        except ValueError as fault:
            faults.append(str(fault))
            values.pop(key, None)
            failed.add(key)
    return values, failed


def folder_for(path: Path | None, environ: Mapping[str, str]) -> Path:
    """Return what relative paths of secret files start from.

    That is the folder of systemd's credentials if there is one, else the folder of the configuration file, else the
    working directory.
    """
    credentials = environ.get("CREDENTIALS_DIRECTORY")
    if credentials:
        return Path(credentials)
    return path.parent if path is not None else Path()


def _read(key: str, value: Given | None, pointer: Given, folder: Path) -> Given:
    if value is not None:
        raise ValueError(
            f"{key} ({value.source}) and {key}{FILE_SUFFIX} ({pointer.source}) are both set, and which one counts is "
            f"not guessed: remove one of them (an empty {variable(key + FILE_SUFFIX)} takes the file away)."
        )
    written = f"{key}{FILE_SUFFIX} ({pointer.source})"
    if not isinstance(pointer.value, str):
        raise ValueError(f"{written} must be the path of a file that holds the secret.")  # noqa: TRY004
    path = folder / pointer.value
    try:
        secret = path.read_bytes().decode().rstrip("\r\n")
    except UnicodeDecodeError:
        raise ValueError(f"The file {path} of {written} is not UTF-8: write the secret as plain text.") from None
    except (OSError, ValueError) as fault:
        raise ValueError(f"The file {path} of {written} cannot be read: {why(fault)}.") from fault
    if not secret:
        raise ValueError(f"The file {path} of {written} is empty: write the secret into it.")
    return Given(secret, f"secret file {path}")
