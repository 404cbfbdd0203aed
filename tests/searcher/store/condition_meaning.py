"""What a condition means, written a second time: in Python, over records, without SQL."""

import json
import operator
import re
from datetime import UTC, datetime

from searcher.store.fields import FIELDS
from searcher.store.where import Among, Compare, Every, Like, Null, Some, parse

SIGNS = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}


def fits(trial, text):
    """Whether the condition is true of the trial; unknown is not true."""
    return truth(trial, parse(text)) is True


def truth(trial, of):
    """True, False or, where something is not there, None."""
    if isinstance(of, Every | Some):
        found = [truth(trial, part) for part in of.conditions]
        decisive = isinstance(of, Some)
        return decisive if decisive in found else None if None in found else not decisive
    field = None if of.name.parameter else FIELDS.get(of.name.text)
    value = getattr(trial, of.name.text) if field else trial.configuration.get(of.name.text)
    if isinstance(of, Null):
        return (value is None) != of.negated
    if value is None:
        return None
    if isinstance(value, list):
        value = json.dumps(value)
    if isinstance(of, Like):
        return like(value, of.pattern.of) != of.negated
    if isinstance(of, Among):
        return any(same(value, v.of, field) for v in of.values) != of.negated
    assert isinstance(of, Compare)
    return compared(value, of.operator, of.value.of)


def like(value, pattern):
    if isinstance(value, bool):
        value = "true" if value else "false"
    if not isinstance(value, str):
        return False
    parts = re.findall(r"\\.|.", pattern, re.DOTALL)
    wild = {"%": ".*", "_": "."}
    translated = "".join(wild.get(part) or re.escape(part[-1]) for part in parts)
    return re.fullmatch(translated, value, re.DOTALL | re.IGNORECASE) is not None


def same(value, wanted, field):
    if field is not None and field.kind == "fold" and isinstance(wanted, float):
        return value == str(int(wanted))
    if isinstance(value, datetime):
        return value == moment(wanted)
    if isinstance(value, bool) and isinstance(wanted, str):
        return ("true" if value else "false") == wanted
    if isinstance(wanted, bool):  # the text 'true' is true too
        return value is wanted or value == ("true" if wanted else "false")
    if isinstance(value, str) or isinstance(wanted, str):
        return value == wanted
    return value == wanted


def moment(spelt):
    found = datetime.fromisoformat(spelt)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def compared(value, sign, wanted):
    if isinstance(value, datetime):
        return SIGNS[sign](value, moment(wanted))
    if isinstance(wanted, str) and isinstance(value, bool):
        value = "true" if value else "false"
    if isinstance(wanted, str) != isinstance(value, str):
        return None
    return SIGNS[sign](value, wanted)
