"""How the commands of the pages are run: which are not, and which with less to do. Everything else runs as it stands."""

from __future__ import annotations

import re

#: Commands that are not run, and why. Those of fleetsim are parsed all the same, and a target of make has to exist.
NOT_RUN = {
    r"make \w+": "it sets up .venv, or does what other tests do",
    r"\. \.venv/bin/activate": "the tests are in that environment already",
    r".*(python -m )?pip install": "it needs a network",
    r"dask (scheduler|worker)": "it goes on until it is stopped; tests/cli/test_dask.py has a cluster",
    r"(\.venv/bin/)?fleetsim .*--dask": "it needs a cluster; tests/cli/test_dask.py has one",
    r"(\.venv/bin/)?fleetsim explore": "it goes on until it is stopped; tests/browser looks at its page",
    r"fleetsim report out/smart-meters": "its folder comes from `make run`; tests/cli/test_run.py writes a report anew",
}

#: Commands that are run with less to do: the page, how the command begins, and what is added to it.
#: What such a command says is not compared with what the page shows of it.
SCALED = {
    ("cli.md", "fleetsim run"): "--replications 2",
    ("cli.md", "fleetsim sweep"): "--replications 2",
    ("cli.md", "fleetsim choose-limit"): "--replications 5",
    ("cli.md", "fleetsim compare"): "--replications 2",
}


def reason_not_to_run(command: str) -> str | None:
    """Say why a command is not run."""
    return next((reason for pattern, reason in NOT_RUN.items() if re.match(pattern, command)), None)


def scaled(page: str, command: str) -> str:
    """What is added to a command of a page, so that it has less to do."""
    return next((more for (on, begin), more in SCALED.items() if page == on and command.startswith(begin)), "")
