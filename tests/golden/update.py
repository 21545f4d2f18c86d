"""Store the digests anew: ``python -m tests.golden.update``. Do so only for a change of the rows that is meant."""

from __future__ import annotations

import json

from tests.golden.rows import FILE, digests, stored


def main() -> None:
    """Write the file; say which scenarios have changed."""
    before = stored() if FILE.exists() else {}
    now = digests()
    FILE.write_text(json.dumps(now, indent=2) + "\n", encoding="utf-8")
    changed = sorted(name for name in before.keys() | now.keys() if before.get(name) != now.get(name))
    print("changed:", ", ".join(changed) or "nothing")


if __name__ == "__main__":
    main()
