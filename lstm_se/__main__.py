"""``python -m lstm_se`` is ``lstm-se``."""

from .cli.main import main

main()
