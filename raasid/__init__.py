"""Config-driven retraining of the vision models that judge handball in football."""

__version__ = "0.1.0"
