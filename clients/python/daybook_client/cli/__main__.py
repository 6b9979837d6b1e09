"""`python -m daybook_client.cli` is `daybook`."""

from daybook_client.cli import main

if __name__ == "__main__":
    main()
