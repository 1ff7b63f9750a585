"""`raasid` with longer W&B timeouts, for busy machines."""

from __future__ import annotations

from raasid.cli import main
from raasid.wandb_tracking.client import WandbMirror

WandbMirror.__init__.__defaults__ = (60.0, 3600.0)  # seconds: a response, an upload
main()
