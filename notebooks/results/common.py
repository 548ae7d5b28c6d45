"""What the scripts beside this file share.

Import it before TensorFlow: the same rounding on every processor, and no log lines.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from lstm_se.files import write_whole

os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


def rounded(content: Any) -> Any:
    """The same with numbers of four digits behind the point."""
    if isinstance(content, dict):
        return {key: rounded(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [rounded(value) for value in content]
    return round(content, 4) if isinstance(content, float) else content


def write_json(path: Path, content: Any) -> None:
    """Write results, whole or not at all."""
    write_whole(path, json.dumps(content, indent=1) + "\n")
