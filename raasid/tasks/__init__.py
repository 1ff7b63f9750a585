"""What the three tasks are: a table of ball, pose and context that every room may read."""

from raasid.tasks.table import TASKS, find_task
from raasid.tasks.task import Cadence, Metric, Task, TaskName

__all__ = ["TASKS", "Cadence", "Metric", "Task", "TaskName", "find_task"]
