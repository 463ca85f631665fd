"""`python -m nas_tc.cli`: the same as `nas-tc`."""

from nas_tc.cli.main import main

main()
