"""The table of tasks: a row each for ball, pose and context."""

from __future__ import annotations

from raasid.tasks.task import Metric, Task, TaskName

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
