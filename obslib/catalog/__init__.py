"""The query catalogue: named questions with parameters, a unit and a title, in the languages of the backends.

>>> from obslib import catalog
>>> [template.name for template in catalog.search("redis hit")]
['redis.hit_ratio']

`ws.ask("redis.hit_ratio", last="6h")` answers one.
"""

from obslib.catalog.library import Listing, get, names, search
from obslib.catalog.template import Parameter, Question, Template

__all__ = ["Listing", "Parameter", "Question", "Template", "get", "names", "search"]
