"""The four tables: metric frames, LOGS, SPANS and EVENTS. Plain pandas objects, never subclasses.

A metric frame is wide: index `time` (UTC, sorted, unique), one float64 column per series. Its
columns are a MultiIndex whose level names are the label names (a missing label is `""`); with one
label a plain Index of that name; with no label at all a plain, nameless Index.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from obslib.core.errors import InputError, SchemaError, nearest

TIME = "datetime64[ns, UTC]"
DURATION = "timedelta64[ns]"
TEXT = "str"
CATEGORY = "category"

Labels = Mapping[str, str]
Selector = str | Sequence[str] | re.Pattern[str]
Columns = Mapping[str, object]

SEVERITIES = ("TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL")
SPAN_KINDS = ("UNSPECIFIED", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER")
SPAN_STATUSES = ("UNSET", "OK", "ERROR")


@dataclass(frozen=True)
class Table:
    """One of LOGS, SPANS, EVENTS: fixed columns with their dtypes, then any further attributes."""

    name: str
    columns: Mapping[str, str]
    ordered: Mapping[str, tuple[str, ...]]

    def build(self, data: pd.DataFrame | Columns) -> pd.DataFrame:
        """Make a table: fixed columns first and cast, absent ones all missing, attributes kept.

        Strings among the attributes become categorical where they repeat (fewer distinct values
        than half the rows). The input is not changed.
        """
        frame = pd.DataFrame(data)
        built = {
            name: self._cast(name, frame[name] if name in frame else _missing(dtype, frame.index))
            for name, dtype in self.columns.items()
        }
        built |= {name: _compact(frame[name]) for name in frame if name not in self.columns}
        return pd.DataFrame(built, index=frame.index).reset_index(drop=True)

    def empty(self) -> pd.DataFrame:
        """No rows, all columns and dtypes."""
        return self.build({})

    def check(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return `frame` itself if it keeps the contract.

        Raises
        ------
        SchemaError
            Naming every missing column and every wrong dtype at once.
        """
        faults = [
            f"column {name!r} is missing ({nearest(name, map(str, frame))})"
            for name in self.columns
            if name not in frame
        ]
        faults += [
            f"column {name!r} is {frame[name].dtype}, not {dtype}"
            for name, dtype in self.columns.items()
            if name in frame and not _has_dtype(frame[name], dtype)
        ]
        if faults:
            raise SchemaError(self.name, faults, fix=f"build it with obslib.{self.name}.build(...).")
        return frame

    def _cast(self, name: str, column: pd.Series) -> pd.Series:
        dtype = self.columns[name]
        if dtype == TIME:
            return pd.to_datetime(column, utc=True).astype(TIME)
        if name in self.ordered:
            known = list(self.ordered[name])
            extra = sorted(set(column.dropna().unique()) - set(known))
            return column.astype(pd.CategoricalDtype(extra + known, ordered=True))
        return column.astype(dtype)


LOGS = Table(
    "LOGS",
    {"time": TIME, "service": CATEGORY, "severity": CATEGORY, "body": TEXT, "trace_id": TEXT, "span_id": TEXT},
    {"severity": SEVERITIES},
)
"""`time, service, severity, body, trace_id, span_id` + one column per further field."""

SPANS = Table(
    "SPANS",
    {
        "trace_id": TEXT,
        "span_id": TEXT,
        "parent_span_id": TEXT,
        "service": CATEGORY,
        "name": CATEGORY,
        "kind": CATEGORY,
        "start": TIME,
        "duration": DURATION,
        "status": CATEGORY,
    },
    {"kind": SPAN_KINDS, "status": SPAN_STATUSES},
)
"""`trace_id, span_id, parent_span_id, service, name, kind, start, duration, status` + attributes."""

EVENTS = Table(
    "EVENTS",
    {
        "start": TIME,
        "end": TIME,
        "kind": CATEGORY,
        "name": TEXT,
        "severity": CATEGORY,
        "service": CATEGORY,
        "source": CATEGORY,
    },
    {},
)
"""`start, end, kind, name, severity, service, source` + attributes; `end` is NaT while it lasts."""


def metric_frame(
    time: npt.ArrayLike | pd.DatetimeIndex, values: npt.ArrayLike, labels: Sequence[Labels]
) -> pd.DataFrame:
    """Build a metric frame from arrays.

    Parameters
    ----------
    time
        `n` moments, sorted and unique: a `DatetimeIndex` or datetime64 (zoneless means UTC).
    values
        `n` x `k` numbers, copied; NaN is "not known". Empty ones need no shape.
    labels
        `k` label sets, all different.

    Raises
    ------
    SchemaError
        If the shapes disagree, times are unsorted, missing or repeat, or two series have the same labels.

    Examples
    --------
    >>> frame = metric_frame(pd.date_range("2026-11-01", periods=2, freq="1min"), [[1], [2]], [{"job": "api"}])
    >>> frame["api"].tolist()
    [1.0, 2.0]
    """
    index = _time_index(time)
    matrix = np.array(values, dtype=np.float64)
    if matrix.size == 0 == len(index) * len(labels):
        matrix = matrix.reshape(len(index), len(labels))
    faults = _shape_faults(index, matrix, labels)
    columns = label_index(labels)
    if not faults and not columns.is_unique:
        twice = labels[int(np.argmax(columns.duplicated()))]
        faults.append(f"two series have the same labels: {dict(twice)}")
    if faults:
        raise SchemaError(
            "metric frame", faults, fix="sort by time, drop duplicates and give one label set per column."
        )
    return pd.DataFrame(matrix, index=index, columns=columns, copy=False)


def label_index(labels: Sequence[Labels]) -> pd.Index:
    """The columns of a metric frame for these label sets; label names in sorted order."""
    names = sorted({name for one in labels for name in one})
    if not names:
        return pd.RangeIndex(0) if not labels else pd.Index(["value"] * len(labels))
    columns = {
        name: pd.factorize(np.array([one.get(name, "") for one in labels], dtype=object), sort=True) for name in names
    }
    if len(names) == 1:
        codes, levels = columns[names[0]]
        return pd.Index(levels[codes], name=names[0])
    return pd.MultiIndex(
        levels=[levels for _, levels in columns.values()],
        codes=[codes for codes, _ in columns.values()],
        names=names,
        verify_integrity=False,
    )


def labels_of(frame: pd.DataFrame) -> list[dict[str, str]]:
    """One dict per column, without the empty labels; the inverse of `label_index`."""
    names = _label_names(frame)
    if not names:
        return [{} for _ in frame.columns]
    rows = frame.columns.to_list() if isinstance(frame.columns, pd.MultiIndex) else [(v,) for v in frame.columns]
    return [{name: value for name, value in zip(names, row, strict=True) if value != ""} for row in rows]


def tidy(frame: pd.DataFrame, *, dropna: bool = False) -> pd.DataFrame:
    """The long form of a metric frame: `time`, one categorical column per label, `value`.

    Rows are ordered by series, then time: `n * k` of them, or fewer with `dropna`.

    Raises
    ------
    SchemaError
        If it is no metric frame; names what it lacks.
    InputError
        If a label is called `time` or `value`, as the two other columns are.
    """
    if faults := _metric_faults(frame):
        raise SchemaError("metric frame", faults, fix="build it with obslib.metric_frame(time, values, labels).")
    steps, series = frame.shape
    names = _label_names(frame)
    for name in {"time", "value"} & set(names):
        raise InputError(
            f"the label {name!r} would take the place of the column {name!r}.",
            fix=f'rename it first: tidy(rename(frame, {{"{name}": "label_{name}"}})).',
        )
    codes = np.repeat(np.arange(series, dtype=np.int32), steps)
    times = pd.DatetimeIndex(np.tile(frame.index.tz_localize(None).to_numpy(), series), tz=frame.index.tz)
    long: dict[str, object] = {"time": times}
    for level, name in enumerate(names):
        values = pd.Categorical(frame.columns.get_level_values(level))
        long[name] = values.take(codes)
    long["value"] = frame.to_numpy().flatten(order="F")
    result = pd.DataFrame(long, copy=False)  # every column is new here, and large
    result.attrs = dict(frame.attrs)
    return result[result["value"].notna()].reset_index(drop=True) if dropna else result


def select(frame: pd.DataFrame, labels: Mapping[str, Selector]) -> pd.DataFrame:
    """The series whose labels match: text is equal, a list is any of, a compiled pattern matches whole.

    An unknown label is an `InputError`, but a frame without series stays as it is.

    Examples
    --------
    >>> frame = metric_frame(pd.date_range("2026-11-01", periods=1), [[1, 2]], [{"job": "a"}, {"job": "b"}])
    >>> select(frame, {"job": "b"}).columns.tolist()
    ['b']
    """
    keep = np.ones(frame.shape[1], dtype=bool)
    names = _label_names(frame)
    if not frame.shape[1]:  # an empty answer knows no labels, and whoever asked should not have to look first
        return frame
    for name, wanted in labels.items():
        if name not in names:
            raise InputError(f"the frame has no label {name!r}.", fix=nearest(name, names))
        keep &= _matches(frame.columns.get_level_values(names.index(name)), wanted)
    return frame.loc[:, keep]


def rename(frame: pd.DataFrame, names: Mapping[str, str]) -> pd.DataFrame:
    """Rename labels; the values and all else stay. A frame without series need not know the labels.

    Raises
    ------
    InputError
        If the frame has no such label, or two labels would have the same name.

    Examples
    --------
    >>> frame = metric_frame(pd.date_range("2026-11-01", periods=1), [[1]], [{"job": "a"}])
    >>> labels_of(rename(frame, {"job": "service"}))
    [{'service': 'a'}]
    """
    known = _label_names(frame)
    for name in names:
        if name not in known and frame.shape[1]:
            raise InputError(f"the frame has no label {name!r}.", fix=nearest(name, known))
    renamed = [names.get(name, name) for name in known]
    twice = next((name for name in renamed if renamed.count(name) > 1), None)
    if twice is not None:
        raise InputError(f"two labels would be called {twice!r}.", fix="choose a name that is not in use.")
    result = frame.copy(deep=False)
    if renamed:
        result.columns = frame.columns.set_names(renamed)
    if len(renamed) > 1:
        result.columns = result.columns.reorder_levels(sorted(renamed))
    return result


def concat_metrics(frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Put metric frames together: union of labels, of series and of times.

    A series that stands in several frames is joined over time.

    Raises
    ------
    SchemaError
        If two frames hold different values for the same series and time.
    """
    if not frames:
        return metric_frame(pd.DatetimeIndex([], tz="UTC"), np.empty((0, 0)), [])
    index = frames[0].index
    for frame in frames[1:]:
        index = index.union(frame.index)
    places: dict[tuple[tuple[str, str], ...], int] = {}
    for frame in frames:
        for one in labels_of(frame):
            places.setdefault(tuple(sorted(one.items())), len(places))
    values = np.full((len(index), len(places)), np.nan)
    for frame in frames:
        columns = np.array([places[tuple(sorted(one.items()))] for one in labels_of(frame)], dtype=np.intp)
        _fill(values, index.get_indexer(frame.index), columns, frame.to_numpy())
    return metric_frame(index, values, [dict(key) for key in places])


def _fill(
    values: npt.NDArray[np.float64],
    rows: npt.NDArray[np.intp],
    columns: npt.NDArray[np.intp],
    new: npt.NDArray[np.float64],
) -> None:
    block = np.ix_(rows, columns)
    old = values[block]
    clash = ~np.isnan(old) & ~np.isnan(new) & (old != new)
    if clash.any():
        raise SchemaError(
            "metric frame",
            [f"{int(clash.sum())} points of the same series and time have different values"],
            fix="give the frames a label that tells them apart, for example their source.",
        )
    values[block] = np.where(np.isnan(new), old, new)


def _matches(values: pd.Index, wanted: Selector) -> npt.NDArray[np.bool_]:
    if isinstance(wanted, re.Pattern):
        return np.array([wanted.fullmatch(value) is not None for value in values], dtype=bool)
    chosen = [wanted] if isinstance(wanted, str) else list(wanted)
    return np.asarray(values.isin(chosen))


def _label_names(frame: pd.DataFrame) -> list[str]:
    return [str(name) for name in frame.columns.names if name is not None]


def _metric_faults(frame: pd.DataFrame) -> list[str]:
    """What keeps a table from being read as a metric frame."""
    if not isinstance(frame, pd.DataFrame):
        return [f"it is a {type(frame).__name__}, not a DataFrame"]
    faults = []
    if not isinstance(frame.index, pd.DatetimeIndex):
        faults.append(f"the index holds {frame.index.dtype}, not times")
    elif frame.index.tz is None:
        faults.append("the times of the index have no zone")
    if None in frame.columns.names and frame.shape[1] > 1:
        faults.append("the columns are not named after labels")
    other = frame.dtypes[[not pd.api.types.is_numeric_dtype(dtype) for dtype in frame.dtypes]]
    return faults + [f"column {name!r} is {dtype}, not a number" for name, dtype in other.items()]


def _time_index(time: npt.ArrayLike | pd.DatetimeIndex) -> pd.DatetimeIndex:
    index = time if isinstance(time, pd.DatetimeIndex) else pd.DatetimeIndex(np.asarray(time))
    index = index.tz_localize("UTC") if index.tz is None else index.tz_convert("UTC")
    return index.as_unit("ns").rename("time")


def _shape_faults(index: pd.DatetimeIndex, matrix: npt.NDArray[np.float64], labels: Sequence[Labels]) -> list[str]:
    faults = []
    if matrix.shape != (len(index), len(labels)):
        faults.append(f"values are {matrix.shape}, but there are {len(index)} times and {len(labels)} label sets")
    if index.hasnans:
        faults.append("times are missing")
    elif not index.is_monotonic_increasing:
        faults.append("times are not sorted")
    if not index.is_unique:
        faults.append("times repeat")
    return faults


def _missing(dtype: str, index: pd.Index) -> pd.Series:
    if dtype == TIME:
        return pd.Series(pd.NaT, index=index, dtype=TIME)
    return pd.Series(pd.NaT if dtype == DURATION else None, index=index, dtype=DURATION if dtype == DURATION else TEXT)


def _compact(column: pd.Series) -> pd.Series:
    """Text that repeats as a category; lists, objects and numbers as they are."""
    typed = column.infer_objects()
    if not isinstance(typed.dtype, pd.StringDtype):
        return typed
    return typed.astype(CATEGORY) if typed.nunique() * 2 < len(typed) else typed


def _has_dtype(column: pd.Series, dtype: str) -> bool:
    if dtype == CATEGORY:
        return isinstance(column.dtype, pd.CategoricalDtype)
    return str(column.dtype) in {dtype, {TEXT: "string"}.get(dtype, dtype)}
