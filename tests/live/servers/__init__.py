"""Real servers for live tests, without containers: got once, started on loopback, ended by their id.

`python -m tests.live.servers get NAME...` makes servers present; `running(NAME)` starts one.
"""

from tests.live.servers.catalogue import HOST, SERVERS, Server
from tests.live.servers.install import UnavailableError
from tests.live.servers.process import Running, free_port, running

__all__ = ["HOST", "SERVERS", "Running", "Server", "UnavailableError", "free_port", "running"]
