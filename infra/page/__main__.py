"""`make page`: builds the page if its sources have changed, and prints and bounds its size."""

import sys

from infra.page.build import PageNotBuilt, build
from infra.page.sizes import MAX_COMPRESSED, compressed, lines


def main() -> int:
    try:
        build()
    except PageNotBuilt as reason:
        print(reason, file=sys.stderr)
        return 1
    print("\n".join(lines()))
    if compressed() > MAX_COMPRESSED:
        print(f"The console's page is larger than {MAX_COMPRESSED:,} compressed bytes.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
