"""`raasid`, which waits for W&B as long as its own client needs on a busy machine."""

from __future__ import annotations

from raasid.cli import main
from raasid.wandb_tracking.client import WandbMirror

WandbMirror.__init__.__defaults__ = (60.0, 3600.0)  # seconds: an answer, an upload
main()
