"""Which resource and metric an OTLP data point belongs to, and the labels that follow from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from obslib.store.ingest.nested import Indices, column
from obslib.store.ingest.otlp_delta import Samples
from obslib.store.ingest.otlp_names import labels_of, metric_name
from obslib.store.ingest.otlp_points import Part
from obslib.store.ingest.otlp_rows import SERVICE_KEYS, resource_columns
from obslib.store.ingest.series_table import SeriesIndex, SeriesRow


@dataclass(frozen=True)
class Identity:
    """What the series of a point are named after."""

    name: str
    labels: Mapping[str, str]
    type: str
    unit: str
    description: str

    def row(self, part: Part) -> SeriesRow:
        """The series of one part of the point: a bucket, the sum, a quantile, or the value itself."""
        own = {part.label: part.value} if part.label else {}
        return SeriesRow(self.name + part.suffix, {**self.labels, **own}, self.type, self.unit, self.description)


class Owners:
    """Resources and metrics by content: what many messages repeat is one entry."""

    def __init__(self, resources: Mapping[str, pa.Array], metrics: pa.Array, resource_of: Indices) -> None:
        self._names, self._units = column(metrics, "name", ""), column(metrics, "unit", "")
        self._descriptions = column(metrics, "description", "")
        self._metric_code = _codes(pc.binary_join_element_wise(self._names, self._units, "\x1f"))
        self._resources = resources
        self._resource_code = _codes(resources["resource_attributes"])[resource_of]
        self._resource_of = resource_of
        self.has_name: npt.NDArray[np.bool_] = pc.match_substring_regex(self._names, "[a-zA-Z0-9:]").to_numpy(
            zero_copy_only=False
        )
        self._of_resource: dict[int, dict[str, str]] = {}

    @classmethod
    def of(cls, resources: pa.Array, metrics: pa.Array, resource_of: Indices) -> Owners:
        """Owners of the metrics (structs); `resource_of` is each one's row of `resources` (structs)."""
        return cls(resource_columns(resources), metrics, resource_of)

    def name(self, metric: int) -> str:
        """A metric's own name."""
        return str(self._names[metric].as_py())

    def identify(self, metric: Indices, attributes: pa.Array, type_: str) -> tuple[Indices, list[Identity]]:
        """For points with these metrics (rows) and attributes (JSON): each one's entry in a list of identities."""
        texts = attributes.dictionary_encode()
        keys = np.stack([self._resource_code[metric], self._metric_code[metric], texts.indices.to_numpy()])
        distinct, first, codes = np.unique(keys, axis=1, return_index=True, return_inverse=True)
        identities = [
            self._identity(int(metric[point]), texts.dictionary[int(key)].as_py(), type_)
            for point, key in zip(first.tolist(), distinct[2].tolist(), strict=True)
        ]
        return codes.reshape(-1), identities

    def target_info(self, metric: Indices, times: Indices, index: SeriesIndex) -> Samples:
        """Samples of `target_info`: 1 at each time that a resource reported, if it has further attributes."""
        resources, first, inverse = np.unique(self._resource_code[metric], return_index=True, return_inverse=True)
        codes = np.full(len(resources), -1, dtype=np.int64)
        for place, one in enumerate(first.tolist()):
            row = self._target(int(self._resource_of[metric[one]]))
            codes[place] = -1 if row is None else index.code(row)
        pairs = np.unique(np.stack([codes[inverse.reshape(-1)], times]), axis=1)
        known = pairs[:, pairs[0] >= 0]
        return Samples(known[0], known[1], np.ones(known.shape[1]))

    def _target(self, resource: int) -> SeriesRow | None:
        identifying = self._resource_labels(resource)
        attributes = msgspec.json.decode(self._resources["resource_attributes"][resource].as_py())
        rest = {name: value for name, value in attributes.items() if name not in SERVICE_KEYS}
        if not rest or not identifying:
            return None
        labels = {**labels_of(msgspec.json.encode(rest).decode()), **identifying}
        return SeriesRow("target_info", labels, "gauge", "", "Target metadata")

    def _identity(self, metric: int, attributes: str, type_: str) -> Identity:
        unit = str(self._units[metric].as_py())
        identifying = self._resource_labels(int(self._resource_of[metric]))
        own = labels_of(attributes)
        labels = {**own, **identifying, "service": own.get("service") or identifying.get("service", "")}
        name = metric_name(self.name(metric), unit, type_)
        return Identity(name, labels, type_, unit, str(self._descriptions[metric].as_py()))

    def _resource_labels(self, row: int) -> dict[str, str]:
        """`job`, `instance` and `service` of a resource, as far as it has them."""
        if row not in self._of_resource:
            service, namespace, instance = (
                self._resources[key.replace(".", "_")][row].as_py() or "" for key in SERVICE_KEYS
            )
            job = f"{namespace}/{service}" if service and namespace else service
            labels = {"service": service, "job": job, "instance": instance}
            self._of_resource[row] = {name: text for name, text in labels.items() if text}
        return self._of_resource[row]


def _codes(texts: pa.Array) -> Indices:
    return np.asarray(texts.dictionary_encode().indices.to_numpy(), dtype=np.int64)
