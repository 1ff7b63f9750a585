"""What the three tasks are: their metrics and figures, and a row each for ball, pose and context."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

TaskName = Literal["ball", "pose", "context"]
Better = Literal["higher", "lower"]
Cadence = Literal["weekly", "biweekly", "monthly"]


@dataclass(frozen=True)
class Metric:
    """One figure of an evaluation."""

    name: str
    better: Better | None
    """Which values are the better ones; None: a yardstick that says nothing about the model."""
    meaning: str
    """One line for reports and model cards."""
    reproducible: bool = True
    """Whether the same model on the same data gives the same value again; a time does not."""


@dataclass(frozen=True, kw_only=True)
class Task:
    """One of the three tasks, independent of the model that solves it."""

    name: TaskName
    registry_name: str
    """Under which its models are registered."""
    purpose: str
    """What its models do, for a model card."""
    primary_metrics: tuple[str, ...]
    """The metrics that decide, the most important first."""
    table_metrics: tuple[str, ...]
    """Those of them that a table of many versions shows."""
    retrain_below: float
    """Retrain when the first of `evaluation_metrics` falls below this."""
    cadence: Cadence
    """Retrain at least this often."""
    evaluation_metrics: tuple[str, ...]
    """What is watched in service, by the names that a schedule uses."""
    metrics: tuple[Metric, ...]
    """Every metric of an evaluation, in the order of the documentation."""
    metric_aliases: Mapping[str, str] = field(default_factory=dict)
    """Other names that a schedule may use -> the metric that is meant."""

    @property
    def retrain_metric(self) -> str:
        """The metric that `retrain_below` is the bound of."""
        return self.evaluation_metrics[0]

    @property
    def primary_metric(self) -> str:
        """The one metric by which two models are ranked."""
        return self.primary_metrics[0]

    @cached_property
    def meanings(self) -> dict[str, str]:
        """Metric name -> meaning."""
        return {metric.name: metric.meaning for metric in self.metrics}


_BALL = Task(
    name="ball",
    registry_name="ball_model",
    purpose="Finds the ball in images of football: positions, sizes, confidences; the most confident counts.",
    primary_metrics=("detection_rate", "false_positives"),
    table_metrics=("detection_rate", "false_positives"),
    retrain_below=0.85,
    cadence="monthly",
    evaluation_metrics=("detection_rate", "false_positives"),
    metrics=(
        Metric("detection_rate", "higher", "Frames with a visible ball in which the top candidate is a hit"),
        Metric("false_positives", "lower", "Wrong or unwanted predictions per image"),
        Metric(
            "false_positives_per_minute",
            "lower",
            "The same per minute of footage, if all of it were like this",
        ),
        Metric("precision", "higher", "Predictions that are hits"),
        Metric("f1", "higher", "Harmonic mean of precision and detection_rate"),
        Metric("ap", "higher", "Area under precision over detection rate, top candidate, any threshold"),
        Metric("map50", "higher", "COCO average precision of boxes at IoU 0.5"),
        Metric("recall_wasb", "higher", "Recall as WASB prints it: mislocated balls left out"),
        Metric("f1_wasb", "higher", "F1 as WASB prints it"),
        Metric("accuracy_wasb", "higher", "Hits and true negatives among all frames"),
        Metric("ap_wasb", "higher", "Average precision as WASB prints it"),
        Metric("rmse_px", "lower", "Root mean square distance, hits and mislocated, px at 512"),
        Metric("mean_error_px", "lower", "Mean distance of hits, px at 512"),
    ),
)

_POSE = Task(
    name="pose",
    registry_name="pose_model",
    purpose="Finds the players in images of football, and 17 joints of each (COCO's order).",
    primary_metrics=("AP50", "mAP"),
    table_metrics=("AP50", "mAP"),
    retrain_below=0.95,
    cadence="biweekly",
    evaluation_metrics=("mAP", "inference_time"),
    metric_aliases={"inference_time": "inference_time_p95"},
    metrics=(
        Metric("mAP", "higher", "COCO's OKS AP with the model's own boxes, mean over OKS 0.50 to 0.95"),
        Metric("AP50", "higher", "The same at OKS 0.50"),
        Metric("AP75", "higher", "The same at OKS 0.75"),
        Metric("AR", "higher", "COCO's average recall over the same thresholds"),
        Metric("AP_small", "higher", "mAP of persons of less than 32² square pixels of the source"),
        Metric("AP_medium", "higher", "mAP of persons of 32² to 96²"),
        Metric("AP_large", "higher", "mAP of persons of more than 96²"),
        Metric("AP_arms", "higher", "mAP by shoulders, elbows and wrists alone"),
        Metric("mAP_well_seen", "higher", "mAP of persons with at least half of their joints visible"),
        Metric("AP50_well_seen", "higher", "AP50 of the same persons"),
        Metric("mAP_at_truth", "higher", "mAP with the annotated boxes: the quality of the joints alone"),
        Metric("AP50_at_truth", "higher", "AP50 with the annotated boxes"),
        Metric("AP75_at_truth", "higher", "AP75 with the annotated boxes"),
        Metric(
            "arm_error",
            "lower",
            "Median distance of shoulders, elbows and wrists, % of the forearm, boxes given",
        ),
        Metric("pck_torso", "higher", "Joints within 0.2 torsos of the truth, boxes given"),
        Metric(
            "swap_rate",
            "lower",
            "Elbow or wrist pairs that fit better with left and right exchanged, boxes given",
        ),
        Metric("found", "higher", "Persons overlapped by one of the model's own boxes (IoU 0.5)"),
        Metric("inference_time_p50", "lower", "Milliseconds a frame, median", reproducible=False),
        Metric("inference_time_p95", "lower", "Milliseconds a frame, 95th percentile", reproducible=False),
    ),
)

_CONTEXT = Task(
    name="context",
    registry_name="context_model",
    purpose="Predicts what happened when the ball met a player: who, with what, and each fact that Law 12 "
    "asks for, with calibrated probabilities; the decision follows from them.",
    primary_metrics=("accuracy", "ece", "macro_f1", "macro_recall", "macro_precision"),
    table_metrics=("accuracy", "macro_f1"),
    retrain_below=0.90,
    cadence="weekly",
    evaluation_metrics=("accuracy", "precision", "recall"),
    metrics=(
        Metric(
            "accuracy", "higher", "Clips ruled as the Law asks; an abstention counts by the likelier decision"
        ),
        Metric("balanced_accuracy", "higher", "Mean recall of offence and no offence, of those that occur"),
        Metric(
            "macro_precision",
            "higher",
            "Mean precision of the two; 0 for a decision that is never taken",
        ),
        Metric("macro_recall", "higher", "The same figure as balanced_accuracy"),
        Metric("macro_f1", "higher", "Mean F1 of the two"),
        Metric("precision", "higher", "Clips called an offence that are one"),
        Metric("recall", "higher", "Offences that are called one"),
        Metric(
            "pr_auc_offence", "higher", "Area under precision over recall, by the probability of an offence"
        ),
        Metric("pr_auc_no_offence", "higher", "The same for clips without offence"),
        Metric("ece", "lower", "Stated against happened, 15 bins of equal mass, probability of an offence"),
        Metric("ece_by_chance", None, "What a perfectly calibrated model shows on as many clips"),
        Metric("brier", "lower", "Mean squared error of the probability of an offence"),
        Metric("aurc", "lower", "Mean error rate over all shares of clips answered, most confident first"),
        Metric("coverage", "higher", "Clips on which it does not abstain"),
        Metric("accuracy_answered", "higher", "Right among those"),
        Metric("false_offences", "lower", "Clips without offence that are called one, not abstained"),
        Metric("contact_found", "higher", "Annotated touches for which it names a moment"),
        Metric("contact_within_1", "higher", "Annotated touches placed at most 1 frame off"),
        Metric("contact_within_2", "higher", "At most 2 frames off"),
        Metric("contact_within_5", "higher", "At most 5 frames off"),
        Metric("contact_error_frames", "lower", "Mean distance of the touches found, frames"),
        Metric("false_contact", "lower", "Clips without a touch for which it names one"),
        Metric("side_accuracy", "higher", "Touches of an arm for which it names the right one"),
        Metric("fact_accuracy", "higher", "Facts known and stated that are right; each fact weighs the same"),
        Metric(
            "leaderboard_value",
            "higher",
            "SoccerNet-MVFoul's, per cent: mean of the next two, over classes that occur",
        ),
        Metric("balanced_accuracy_action", "higher", "Mean recall of the kinds of foul, per cent"),
        Metric(
            "balanced_accuracy_offence_severity",
            "higher",
            "Mean recall of no offence, no card, yellow, red, per cent",
        ),
        Metric(
            "season_flips",
            "higher",
            "Pairs of seasons that rule the same clip differently, both ruled right",
        ),
        Metric(
            "season_flips_given_facts",
            "higher",
            "The same with the annotated value of every fact that it states",
        ),
    ),
)

TASKS: dict[TaskName, Task] = {task.name: task for task in (_BALL, _POSE, _CONTEXT)}


def find_task(registry_name: str) -> Task | None:
    """Return the task whose models are registered under a name; None for a name of the user's own."""
    return next((task for task in TASKS.values() if task.registry_name == registry_name), None)
