"""The cases that ship with the package: found by name, listed, and copied to start a case of one's own."""

from __future__ import annotations

import contextlib
import json
import re
import shutil
import tempfile
import unicodedata
from importlib import resources
from pathlib import Path

from leam_opt.case.quantity import hint
from leam_opt.case.source import CASE_FILE
from leam_opt.errors import CaseError

SCHEMA_FILE = "case.schema.json"
_MODELINE = f"# yaml-language-server: $schema={SCHEMA_FILE}"
_NOT_COPIED = shutil.ignore_patterns("__pycache__", "*.pyc", ".*", SCHEMA_FILE)


def list_cases() -> list[str]:
    """Names of the shipped cases, sorted."""
    return sorted(_shipped())


def find_case(case: str | Path) -> Path:
    """The folder of a case: a folder with a `case.yaml`, or else a shipped case of that name.

    Raises CaseError with the remedy where there is none.
    """
    folder = Path(case)
    try:
        if (folder / CASE_FILE).is_file():
            return folder
        is_file, is_folder = folder.is_file(), folder.is_dir()
    except (OSError, ValueError):  # names too long, or of characters that no file system takes
        is_file = is_folder = False
    shipped = _shipped()
    if str(case) in shipped:
        return shipped[str(case)]
    if is_file:
        holder = folder.parent if folder.name == CASE_FILE else f"the folder that holds {CASE_FILE}"
        raise CaseError(f"{folder}: this is a file; give {holder}")
    if is_folder:
        raise CaseError(f"{folder}: the folder has no {CASE_FILE}; `leam-opt new DIR` starts a case")
    close = hint(case, shipped)
    known = f" shipped cases are {', '.join(sorted(shipped))}" if close.startswith("did") else ""
    raise CaseError(f"no case '{case}': neither a folder nor a shipped case; {close}{known}")


def new_case(folder: str | Path, template: str | Path = "leam-2022") -> Path:
    """Starts a case: copies a shipped one (or any folder of a case) and gives it the folder's name.

    Comments stay. The JSON Schema is written beside `case.yaml`, so that an editor completes and checks the keys.
    The folder appears at once and complete, or not at all.

    Raises CaseError where the template does not exist, or the folder is not empty or cannot be written.
    """
    from leam_opt.case.document import case_schema

    origin = find_case(template)
    target = Path(folder)
    try:
        if target.exists() and (not target.is_dir() or any(target.iterdir())):
            raise CaseError(f"{target}: it exists and is not empty; choose a new folder")
        parent = target.absolute().parent
        parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".new-case-", dir=parent) as temporary:
            copy = Path(temporary) / "case"
            shutil.copytree(origin, copy, ignore=_NOT_COPIED)
            text = (copy / CASE_FILE).read_text(encoding="utf-8-sig")
            (copy / CASE_FILE).write_text(_renamed(text, slug(target.absolute().name)), encoding="utf-8")
            schema = json.dumps(case_schema(), indent=1, ensure_ascii=False)
            (copy / SCHEMA_FILE).write_text(schema + "\n", encoding="utf-8")
            if target.exists():
                target.rmdir()
            copy.replace(target)
    except OSError as error:
        raise CaseError(f"{target}: the case cannot be written: {error.strerror or error}") from None
    return target


def slug(text: str) -> str:
    """A name of a case from any text: lower case letters, digits and hyphens."""
    # German umlauts have a usual spelling; other accents are dropped.
    text = text.lower()
    for umlaut, spelling in (("ä", "ae"), ("ö", "oe"), ("ü", "ue"), ("ß", "ss")):
        text = text.replace(umlaut, spelling)
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-") or "case"


def _renamed(text: str, name: str) -> str:
    text = re.sub(r"^name:[^\n#]*?(?=\s*(?:\s#|$))", f"name: {name}", text, count=1, flags=re.MULTILINE)
    return text if text.startswith("# yaml-language-server:") else f"{_MODELINE}\n{text}"


def _shipped() -> dict[str, Path]:
    """Folders of the shipped cases by name."""
    roots = []
    with contextlib.suppress(ModuleNotFoundError):
        roots.append(Path(str(resources.files("leam_opt.cases"))))
    # In a source tree that is not installed, the cases stand beside the package.
    roots.append(Path(__file__).resolve().parents[2] / "cases")
    for root in roots:
        found = {entry.name: entry for entry in root.iterdir() if _is_case(entry)} if root.is_dir() else {}
        if found:
            return found
    return {}


def _is_case(folder: Path) -> bool:
    return (folder / CASE_FILE).is_file()
