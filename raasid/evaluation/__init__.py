"""From detections to figures one can act on: metrics, intervals, slices, curves and the report.

`result.evaluate_ball` judges, `report.write_report` shows, `validation.BallValidation` watches.
"""
