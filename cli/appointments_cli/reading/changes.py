"""What changed between two states of an appointment, as they were stored."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from appointments.contract.members import instant, member, objects, person, text
from appointments_cli.reading.masking import MAPS, MASK, is_harmless

RESOURCES = ("office", "subject", "listing", "leadSegment")
"""Objects with an id. Another id is one change; the members of another object are no changes of this one."""
ALWAYS = frozenset({"updatedAt", "updatedByType", "updatedFrom", "updatedById"})
"""Members that say who made the change, and when: columns of their own."""
ABSENT = object()


@dataclass(frozen=True, slots=True)
class Change:
    """A member that differs. ``path`` names it in the appointment; ``is_id`` says that its values are ids.

    With ``is_initial`` it is a value of the first stored event, and nobody knows what was before.
    """

    path: str
    before: Any
    after: Any
    is_id: bool = False
    is_initial: bool = False

    def as_dict(self, *, reveal: bool) -> dict[str, Any]:
        """Return the change as JSON; an initial value has no ``from``."""
        before = {} if self.is_initial else {"from": self._shown(self.before, reveal)}
        return {"path": self.path, **before, "to": self._shown(self.after, reveal)}

    def line(self, show_instant: Callable[[str], str], *, reveal: bool) -> str:
        """Return the change for a person: ``office 211 -> 305``, or ``office 211`` for an initial value."""
        before, after = (self._text(value, show_instant, reveal) for value in (self.before, self.after))
        return f"{self.path} {after}" if self.is_initial else f"{self.path} {before} -> {after}"

    def _shown(self, value: Any, reveal: bool) -> Any:
        if value is ABSENT:
            return None
        return value if reveal or self.is_id or is_harmless(self._name, value) else MASK

    def _text(self, value: Any, show_instant: Callable[[str], str], reveal: bool) -> str:
        if value is ABSENT:
            return "none"
        shown = self._shown(value, reveal)
        if shown is None:
            return "none"
        moment = instant(shown) if self._name in ("start", "end") else None
        return show_instant(moment) if moment else str(shown)

    @property
    def _name(self) -> str:
        """The member that has the value: the last of the path."""
        return self.path.rpartition(".")[2].partition("[")[0]


def between(before: Any, after: Any) -> list[Change]:
    """Return the changes from one ``data.appointment`` to another; members of neither are left out."""
    before, after = (value if isinstance(value, dict) else {} for value in (before, after))
    found: list[Change] = []
    for name in dict.fromkeys([*after, *before]):
        if name in ALWAYS:
            continue
        old, new = before.get(name, ABSENT), after.get(name, ABSENT)
        if name == "participants":
            found += _people(objects(old), objects(new))
        elif name in RESOURCES:
            found += _resource(name, old, new)
        elif name in MAPS:
            found += [] if not (old or new) or old == new else [Change(name, old, new)]
        elif name in ("start", "end"):
            found += [] if _same_instant(old, new) else [Change(name, old, new)]
        else:
            found += _members(name, old, new)
    return sorted(found, key=_rank)


def since_previous(appointment: Any, previous: Any) -> list[Change]:
    """Return the changes of the first stored event: what its previousAppointment says of the members that it has."""
    if not isinstance(previous, dict) or not isinstance(appointment, dict):
        return []
    known = {name: appointment.get(name, ABSENT) for name in previous}
    compared = between(previous, known)
    # previousAppointment reduces its objects to ids: only the ids of what it names can be compared.
    return [change for change in compared if "." not in change.path]


def initial(appointment: Any, previous: Any) -> list[Change]:
    """Return the changes of the first stored event, and the values of the members that they do not name.

    Of the values, only those that tell where the appointment begins: status, time, office, people and subject.
    """
    changed = since_previous(appointment, previous)
    named = {change.path for change in changed}
    values = [replace(change, is_initial=True) for change in between({}, appointment) if _rank(change) < _UNRANKED]
    return sorted([*changed, *(value for value in values if value.path not in named)], key=_rank)


_UNRANKED = 9
_RANK = {"status": 0, "start": 1, "end": 2, "office": 3, "EMPLOYEE": 4, "CUSTOMER": 5, "subject": 6, "meetingType": 7}


def _rank(change: Change) -> int:
    return _RANK.get(change.path.partition(" ")[0].partition(".")[0], _UNRANKED)


def _same_instant(old: Any, new: Any) -> bool:
    return bool(old == new or (instant(old) is not None and instant(old) == instant(new)))


def _resource(name: str, old: Any, new: Any) -> list[Change]:
    before, after = text(member(old, "id")), text(member(new, "id"))
    if before != after:
        return [Change(name, ABSENT if before is None else before, ABSENT if after is None else after, is_id=True)]
    return list(_members(name, old, new))


def _members(path: str, old: Any, new: Any) -> Iterator[Change]:
    """Yield the leaves that differ. An object or array that only one side has is one change."""
    if isinstance(old, dict) and isinstance(new, dict):
        for name in dict.fromkeys([*new, *old]):
            yield from _members(f"{path}.{name}", old.get(name, ABSENT), new.get(name, ABSENT))
    elif isinstance(old, list) and isinstance(new, list):
        before, after = _keyed(old), _keyed(new)
        for key in dict.fromkeys([*before, *after]):
            yield from _members(f"{path}[{key}]", before.get(key, ABSENT), after.get(key, ABSENT))
    elif isinstance(old, dict | list) or isinstance(new, dict | list):
        if old or new:
            yield Change(path, _outline(old), _outline(new), is_id=True)
    elif old != new and not (old in (None, ABSENT) and new in (None, ABSENT)) and not _same_id(path, old, new):
        yield Change(path, old, new)


def _same_id(path: str, old: Any, new: Any) -> bool:
    """The sender writes one id as an integer and as a text (docs/contract.md, C3)."""
    return path.endswith((".id", "Id")) and text(old) is not None and text(old) == text(new)


def _keyed(elements: list[Any]) -> dict[str, Any]:
    """The elements by their ids, else by their places: an element that moves is no change of the others."""
    ids = [text(member(element, "id")) for element in elements]
    named = None not in ids and len(set(ids)) == len(ids)
    return {str(ids[place]) if named else str(place): element for place, element in enumerate(elements)}


def _outline(value: Any) -> Any:
    """What stands for an object or array, which may hold anything: its id or its size."""
    if isinstance(value, dict):
        return text(member(value, "id")) or "present"
    if isinstance(value, list):
        return f"{len(value)} elements"
    return ABSENT if value in (None, ABSENT) else MASK


def _people(old: list[dict[str, Any]], new: list[dict[str, Any]]) -> list[Change]:
    before, after = ({_identity(each): each for each in people} for people in (old, new))
    gone = [key for key in before if key not in after]
    come = [key for key in after if key not in before]
    found: list[Change] = []
    for key in list(gone):
        kind, identity = key
        role = text(before[key].get("role"))
        same = [other for other in come if other[0] == kind and text(after[other].get("role")) == role]
        if same:
            gone.remove(key)
            come.remove(same[0])
            found.append(Change(_named(before[key]), identity, same[0][1], is_id=True))
    found += [Change(_named(before[key]), key[1], ABSENT, is_id=True) for key in gone]
    found += [Change(_named(after[key]), ABSENT, key[1], is_id=True) for key in come]
    for key in before.keys() & after.keys():
        kind, identity = key
        found += _members(f"{kind} {identity}", _flat(before[key]), _flat(after[key]))
    return found


def _named(participant: dict[str, Any]) -> str:
    """The type and role of a participant, as far as the contract knows them."""
    kind, _ = _identity(participant)
    role = participant.get("role")
    return f"{kind} {role}" if isinstance(role, str) and is_harmless("role", role) else kind


def _identity(participant: dict[str, Any]) -> tuple[str, str]:
    kind = participant.get("type")
    known = kind if kind in ("EMPLOYEE", "CUSTOMER") else "participant"
    return known, text(member(person(participant), "id")) or "?"


def _flat(participant: dict[str, Any]) -> dict[str, Any]:
    """The participant with the members of its person beside its own."""
    human = person(participant)
    own = {name: value for name, value in participant.items() if name not in ("employee", "customer")}
    return {**(human if isinstance(human, dict) else {}), **own}
