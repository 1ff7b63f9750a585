"""What one would write in an afternoon: ultralytics looks at every frame, MediaPipe at every person.

The people are given, the same ones that our side has read, so that both read as many; what the detector finds
is not used. Its net is built from the library's YAML, untrained: what it costs does not depend on its weights
(it finds nothing, which spares it the handling of boxes). Tracks, judgement and drawing are left out.

Last line of stdout: JSON with seconds, processor seconds, stages (mean, p50, p95; milliseconds a frame).
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

MARGIN = 0.125
"""Of a person's box, on each side: what MediaPipe needs to see of the surroundings."""


def crop(image: Any, box: list[float]) -> Any:
    """A person, red-green-blue; at least two pixels wide and high, within the picture."""
    import cv2
    import numpy as np

    left, top, width, height = box
    high, wide = image.shape[:2]
    x0, x1 = int(left - MARGIN * width), int(left + (1 + MARGIN) * width) + 1
    y0, y1 = int(top - MARGIN * height), int(top + (1 + MARGIN) * height) + 1
    x0, y0 = min(max(0, x0), wide - 2), min(max(0, y0), high - 2)
    part = image[y0 : max(y0 + 2, y1), x0 : max(x0 + 2, x1)]
    return np.ascontiguousarray(cv2.cvtColor(part, cv2.COLOR_BGR2RGB))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--film", type=Path, required=True)
    parser.add_argument("--people", type=Path, required=True)
    parser.add_argument("--task", type=Path, required=True, help="pose_landmarker_*.task")
    parser.add_argument("--net", default="yolo26n.yaml")
    parser.add_argument("--size", type=int, default=640)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    said, sys.stdout = sys.stdout, sys.stderr
    with tempfile.TemporaryDirectory() as name:
        from peer.ultralytics_trainer import prepare

        prepare(Path(name))
        print(json.dumps(chain(args)), file=said)


def chain(args: argparse.Namespace) -> dict[str, Any]:
    """Look at the whole film; eight frames before the clock starts."""
    import cv2
    import mediapipe
    import numpy as np
    import torch
    from mediapipe.tasks.python import BaseOptions
    from mediapipe.tasks.python.vision import PoseLandmarker, PoseLandmarkerOptions, RunningMode
    from ultralytics import YOLO

    torch.set_num_threads(args.threads)
    people = json.loads(args.people.read_text())
    net = YOLO(args.net)
    options = PoseLandmarkerOptions(
        base_options=BaseOptions(model_asset_path=str(args.task)), running_mode=RunningMode.IMAGE
    )
    times: dict[str, list[float]] = {"decoding": [], "yolo": [], "mediapipe": []}
    began = 0.0, 0.0
    crops, frames = 0, 0
    with PoseLandmarker.create_from_options(options) as landmarker:
        for warm_up in (True, False):
            capture = cv2.VideoCapture(str(args.film))
            if not warm_up:
                began = time.perf_counter(), time.process_time()
            for boxes in people[:8] if warm_up else people:
                marks = [time.perf_counter()]
                read, image = capture.read()
                if not read:
                    break
                marks.append(time.perf_counter())
                net.predict(image, imgsz=args.size, device="cpu", verbose=False)
                marks.append(time.perf_counter())
                for box in boxes:
                    picture = mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=crop(image, box))
                    landmarker.detect(picture)
                marks.append(time.perf_counter())
                if not warm_up:
                    frames, crops = frames + 1, crops + len(boxes)
                    for stage, spent in zip(times, np.diff(marks), strict=True):
                        times[stage].append(1000 * float(spent))
            capture.release()
        seconds, processor = time.perf_counter() - began[0], time.process_time() - began[1]
    stages = {
        stage: [float(np.mean(values)), *map(float, np.percentile(values, (50, 95))), len(values)]
        for stage, values in times.items()
    }
    return {"frames": frames, "seconds": seconds, "cpu_s": processor, "people": crops, "stages": stages}


if __name__ == "__main__":
    main()
