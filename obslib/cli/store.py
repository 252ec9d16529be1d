"""Look after an embedded store.

obslib store info DIR                      what is in it, how big, from when to when
obslib store sql DIR "select ..."          one SELECT over metrics, series, samples, logs, spans, events, exemplars
obslib store compact DIR                   merge small files, drop duplicate samples
obslib store retain DIR "metrics 90d, logs 14d, traces 7d"
                                           delete whole days older than that; remembered
"""

from __future__ import annotations

import argparse
import json
import shutil

import pandas as pd

from obslib.core.units import format_value
from obslib.store.sql import VIEWS
from obslib.store.store import SignalInfo, Store


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the actions and their arguments."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    for name, help_text in (
        ("info", "what is in it, how big, from when to when"),
        ("sql", "run one SELECT and print the answer"),
        ("compact", "merge small files and drop duplicate samples"),
        ("retain", "delete whole days that are too old"),
    ):
        action = actions.add_parser(name, help=help_text, description=f"{help_text[0].upper()}{help_text[1:]}.")
        action.add_argument("store", metavar="DIR", help="the store's directory")
        if name == "sql":
            action.add_argument("query", metavar="SELECT", help=f"one SELECT over the views {VIEWS}")
            action.add_argument("--csv", action="store_true", help="print CSV instead of a table")
        if name == "retain":
            action.add_argument(
                "rules", nargs="?", default="", metavar="RULES", help='such as "metrics 90d, logs 14d, traces 7d"'
            )


def run(arguments: argparse.Namespace) -> int:
    """Carry out the chosen action."""
    store = Store.open(arguments.store)
    actions = {"info": _info, "sql": _sql, "compact": _compact, "retain": _retain}
    actions[arguments.action](store, arguments)
    return 0


def _info(store: Store, _: argparse.Namespace) -> None:
    print(f"{'signal':<10}{'rows':>14}{'size':>11}{'bytes/row':>11}{'files':>7}  from .. to (UTC)")
    for one in store.info():
        print(_line(one))


def _line(one: SignalInfo) -> str:
    per_row = f"{one.bytes / one.rows:.1f}" if one.rows else "-"
    extent = "" if one.start is pd.NaT else f"{one.start:%Y-%m-%d %H:%M} .. {one.end:%Y-%m-%d %H:%M}"
    size = format_value(one.bytes, "By")
    return f"{one.signal:<10}{one.rows:>14,}{size:>11}{per_row:>11}{one.files:>7}  {extent}"


def _sql(store: Store, arguments: argparse.Namespace) -> None:
    answer = store.sql(arguments.query)
    for name in answer:
        if answer[name].map(type).eq(dict).any():  # labels read best as JSON
            answer[name] = [json.dumps(value, ensure_ascii=False) for value in answer[name]]
    if arguments.csv:
        print(answer.to_csv(index=False), end="")
    elif answer.empty:
        print(f"0 rows of {', '.join(map(str, answer.columns))}")
    else:
        room = max(20, shutil.get_terminal_size().columns // max(1, answer.shape[1]) - 2)
        print(answer.to_string(index=False, max_rows=200, max_colwidth=room))


def _compact(store: Store, _: argparse.Namespace) -> None:
    before = sum(one.bytes for one in store.info())
    store.compact()
    after = sum(one.bytes for one in store.info())
    print(f"compacted: {format_value(before, 'By')} -> {format_value(after, 'By')}")


def _retain(store: Store, arguments: argparse.Namespace) -> None:
    deleted = store.retain(arguments.rules)
    if not deleted:
        print('no retention rules are set; give some, such as "metrics 90d, logs 14d, traces 7d".')
    for signal, rows in deleted.items():
        print(f"{signal}: {rows:,} {'row' if rows == 1 else 'rows'} deleted")
