"""``python -m analyzer`` is ``demarc``."""

from analyzer.cli import main

if __name__ == "__main__":  # spawned processes import this module too
    main()
