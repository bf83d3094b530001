"""`python -m leam_opt` is the command `leam-opt`."""

from leam_opt.cli import main

if __name__ == "__main__":
    main()
