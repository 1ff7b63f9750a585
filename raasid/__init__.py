"""Config-driven retraining of the vision models that judge handball in football."""

import os as _os

__version__ = "0.1.0"

for _name, _value in {
    "ORT_DISABLE_TELEMETRY": "1",  # onnxruntime would report every session to its makers
    "WANDB_ERROR_REPORTING": "false",  # wandb would ask a server, in offline runs too, whether it takes them
    "OMP_NUM_THREADS": _os.environ.get("SLURM_CPUS_PER_TASK", ""),
    "OPENCV_FOR_THREADS_NUM": _os.environ.get("OMP_NUM_THREADS", _os.environ.get("SLURM_CPUS_PER_TASK", "")),
}.items():
    if _value:
        _os.environ.setdefault(_name, _value)
