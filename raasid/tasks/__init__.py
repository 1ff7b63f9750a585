"""What the three tasks are: a table of ball, pose and context that every room may read."""

from raasid.tasks.table import TASKS, Cadence, Metric, Task, TaskName, find_task

__all__ = ["TASKS", "Cadence", "Metric", "Task", "TaskName", "find_task"]
