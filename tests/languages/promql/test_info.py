import pytest

from obslib.core.errors import QueryError
from tests.languages.promql.support import at, labelled, named, over

READER = labelled(
    named("hits", [1, 2], job="api", instance="a"),
    named("hits", [3, 4], job="web", instance="b"),
    named("target_info", [1, 1], job="api", instance="a", version="1", zone="eu"),
    named("build_info", [1, 1], job="api", instance="a", commit="abc"),
)


def test_labels_of_the_target_are_added():
    assert set(at(READER, "info(hits)")) == {
        'hits{instance="a",job="api",version="1",zone="eu"}',
        'hits{instance="b",job="web"}',
    }


def test_only_the_chosen_labels_are_taken_and_must_be_there():
    assert set(at(READER, 'info(hits, {version=~".+"})')) == {'hits{instance="a",job="api",version="1"}'}


def test_other_info_metrics_are_chosen_by_name():
    found = at(READER, 'info(hits{job="api"}, {__name__=~".+_info"})')
    assert set(found) == {'hits{commit="abc",instance="a",job="api",version="1",zone="eu"}'}


def test_info_metrics_themselves_stay():
    assert set(at(READER, "info(target_info)")) == {'target_info{instance="a",job="api",version="1",zone="eu"}'}


def test_labels_change_when_the_info_does():
    reader = labelled(
        named("hits", [1, 2], job="api"),
        named("target_info", [1, None], job="api", version="1"),
        named("target_info", [None, 1], job="api", version="2"),
    )
    assert over(reader, "info(hits)", 1) == {
        'hits{job="api",version="1"}': [1.0, None],
        'hits{job="api",version="2"}': [None, 2.0],
    }


def test_info_follows_the_offset_of_its_series():
    reader = labelled(named("hits", [1, 2], job="api"), named("target_info", [1], job="api", version="1"))
    assert set(at(reader, "info(hits offset 6m)", 7)) == {'hits{job="api",version="1"}'}


@pytest.mark.parametrize(
    ("second", "problem"),
    [
        ({"version": "2"}, "found duplicate series"),
        ({"__name__": "other_info", "version": "2"}, "conflicting label: version"),
    ],
)
def test_contradicting_infos_are_errors(second, problem):
    labels = {"__name__": "target_info", "job": "api", **second}
    reader = labelled(named("hits", [1], job="api"), named("target_info", [1], job="api", version="1"), (labels, [1]))
    with pytest.raises(QueryError, match=problem):
        at(reader, 'info(hits, {__name__=~".+_info"})')
