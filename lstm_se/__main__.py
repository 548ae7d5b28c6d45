"""``python -m lstm_se`` is ``lstm-se``."""

from .cli import main

main()
