"""The names of every key, as the file, the environment and secret files spell them."""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any, NamedTuple, get_args

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from dispatcher.settings.model import Settings
from dispatcher.settings.section import Section

PREFIX = "DISPATCHER_"
FILE_SUFFIX = "_file"


class Key(NamedTuple):
    """A key of a section; a secret one may also be read from the file that `<key>_file` names."""

    section: str
    name: str
    field: FieldInfo

    def __str__(self) -> str:
        return f"{self.section}.{self.name}"

    @property
    def secret(self) -> bool:
        """Whether its value may be or hold a secret, and so is never shown as it is."""
        return _holds_secret(self.field.annotation)


def variable(key: str) -> str:
    """Return the environment variable of `section.key`."""
    return PREFIX + key.replace(".", "__").upper()


def nearest(name: str, known: Iterable[str], choices: Iterable[str] | None = None) -> str:
    """Return a remedy for an unknown name: the known one that was probably meant, else all choices (all known)."""
    known = sorted(known)
    # One letter in six: a longer shot would send people to a key that has nothing to do with theirs.
    for match in known if len(known) == 1 else get_close_matches(name, known, n=1, cutoff=0.85):
        return f"did you mean {match}?"
    return f"remove it, or use one of {', '.join(choices or known)}."


def _holds_secret(annotation: Any) -> bool:
    return annotation is SecretStr or any(map(_holds_secret, get_args(annotation)))


SECTIONS: dict[str, type[Section]] = {name: type(table.default) for name, table in Settings.model_fields.items()}
"""Every section's model by its name, in the order of the model."""

KEYS = {
    str(key): key
    for section, table in SECTIONS.items()
    for name, field in table.model_fields.items()
    for key in [Key(section, name, field)]
}
"""Every key by its full name, in the order of the model."""

KNOWN = (*KEYS, *(f"{name}{FILE_SUFFIX}" for name, key in KEYS.items() if key.secret))
"""Every full name that may be given: the keys, and `<key>_file` of the secret ones."""
