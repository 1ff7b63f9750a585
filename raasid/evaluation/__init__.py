"""From predictions to metrics with intervals, slices and a report; a subpackage for each task."""
