"""A frame as a figure for a report: a small JPEG with its annotations as vectors."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from html import escape

import cv2
import numpy as np

from raasid.footage.records import AnnotationSource, Ball, Frame, Keypoint, Person, Visibility
from raasid.io.image_reader import Image
from raasid.reports.document import Box, box_outline, data_uri, outlined

ToFigure = Callable[[float, float], tuple[float, float]]
"""Converts frame pixels to the figure's coordinates."""
Overlay = Callable[[ToFigure], str]
Joints = Sequence[tuple[float, float] | None]

_BALL, _PERSON, _BODY, _LEFT_ARM, _RIGHT_ARM = "#f0e442", "#56b4e9", "#ffffff", "#e69f00", "#ff8fd0"
"""After Okabe and Ito (2008); shape or dash repeat whatever a colour says."""
TRUNK_AND_LEGS = ((5, 6), (11, 12), (5, 11), (6, 12), (11, 13), (13, 15), (12, 14), (14, 16))
"""Bones between COCO's keypoints."""
_ARMS = (((5, 7), (7, 9), _LEFT_ARM), ((6, 8), (8, 10), _RIGHT_ARM))
_LEFT_WRIST, _RIGHT_WRIST = 9, 10  # of COCO's 17
_UNREVIEWED_DASH, _INTERPOLATED_DASH = "4 3", "1.5 2"
_DENSITY = 1.8
"""Stored pixels per CSS pixel, so that it is sharp in print and on dense screens."""
_FRAME_SHARE, _GAP = 0.6, 3.0
_SIDE_HEIGHT = 0.55
"""Height of a figure of several views, as a share of its width."""
_FOCUS_MARGIN = 1.6
"""Size of the enlarged part, as a multiple of the focus."""
_MIN_VIEW = 28.0
"""Frame pixels: a smaller part would not be recognisable."""
_OUTSIDE = (249, 247, 246)

FRAME_KEY = "".join(
    f'<span class="key"><svg width="24" height="16" aria-hidden="true"><rect width="24" height="16" rx="2"'
    f' fill="#3d5a3d"/>{shape}</svg>{text}</span>'
    for shape, text in (
        (box_outline((12, 8, 9, 9), _BALL), "ball"),
        (box_outline((12, 8, 9, 14), _PERSON), "person"),
        (outlined('path d="M3 8H14"', _LEFT_ARM, width=2.2)
         + outlined('circle cx="17" cy="8" r="3"', _LEFT_ARM),
         "left arm: ring at the wrist"),
        (outlined('path d="M3 8H14"', _RIGHT_ARM, width=2.2)
         + outlined('rect x="14.5" y="5.5" width="5" height="5"', _RIGHT_ARM), "right arm: square"),
        (outlined('path d="M2 8H22"', _BODY, _UNREVIEWED_DASH), "dashed: predicted by a model, not reviewed"),
    )
)  # fmt: skip
"""The legend of these figures, as HTML."""


def frame_figure(
    image_bgr: Image,
    frame: Frame,
    caption_html: str,
    *,
    focus: tuple[float, float, float, float] | None = None,
    width: int = 340,
    overlay: Overlay | None = None,
) -> str:
    """Draw one frame as a `<figure>`: ball, person boxes and skeletons over the image.

    image_bgr: (h, w, 3); its size may differ from the frame's, in whose pixels all annotations are.
    caption_html: used as it is. focus: left, top, width, height in frame pixels of a part that is marked in
    the whole image, and enlarged next to it. width: of the figure, CSS pixels.
    overlay: additional SVG for each view, given the conversion of frame pixels to its coordinates.
    Coordinates that are not finite are not drawn.
    """
    high, wide = image_bgr.shape[:2]
    size = (frame.width or wide, frame.height or high)
    if focus is not None and not all(map(math.isfinite, focus)):
        focus = None
    enlarged = focus is not None and _worth_enlarging(focus, size)
    share = width * (_FRAME_SHARE if enlarged else 1.0)
    height = share * size[1] / size[0]
    whole = (0.0, 0.0, float(size[0]), float(size[1]))
    views = [_view(image_bgr, frame, whole, (0.0, 0.0, share, height), focus, overlay)]
    if focus is not None and enlarged:
        room = (share + _GAP, 0.0, width - share - _GAP, height)
        views.append(_view(image_bgr, frame, _around(focus, room[2] / room[3]), room, None, overlay))
    alt = escape(f"{frame.image.name}, frame {frame.index}", quote=True)
    area = f'viewBox="0 0 {width} {height:.1f}" role="img" aria-label="{alt}"'
    return f"<figure><svg {area}>{''.join(views)}</svg><figcaption>{caption_html}</figcaption></figure>"


def side_by_side(
    image_bgr: Image, frames: Sequence[Frame], focus: Box, caption_html: str, *, width: int = 340
) -> str:
    """Draw the same part of one image with several annotations, from left to right, as a `<figure>`.

    frames: the annotations of each view. focus: the part to enlarge, in frame pixels.
    """
    share = (width - _GAP * (len(frames) - 1)) / len(frames)
    source = _around(focus, share / (_SIDE_HEIGHT * width))
    views = [
        _view(image_bgr, frame, source, (k * (share + _GAP), 0.0, share, _SIDE_HEIGHT * width), None, None)
        for k, frame in enumerate(frames)
    ]
    alt = escape(f"{frames[0].image.name}, frame {frames[0].index}", quote=True)
    area = f'viewBox="0 0 {width} {_SIDE_HEIGHT * width:.1f}" role="img" aria-label="{alt}"'
    return f"<figure><svg {area}>{''.join(views)}</svg><figcaption>{caption_html}</figcaption></figure>"


def _worth_enlarging(focus: Box, size: tuple[int, int]) -> bool:
    """Whether a part lies in the frame at least partly, and is small enough to need enlarging."""
    x, y, w, h = focus
    touches = -w < x < size[0] and -h < y < size[1]
    return touches and w < size[0] / 3 and h < 0.6 * size[1]


def _around(focus: Box, aspect: float) -> Box:
    """A view (left, top, width, height) of the given aspect with the focus in its middle."""
    x, y, w, h = focus
    tall = max(h * _FOCUS_MARGIN, w * _FOCUS_MARGIN / aspect, _MIN_VIEW, _MIN_VIEW / aspect)
    return x + w / 2 - tall * aspect / 2, y + h / 2 - tall / 2, tall * aspect, tall


def _view(
    image: Image, frame: Frame, source: Box, target: Box, focus: Box | None, overlay: Overlay | None
) -> str:
    """Draw a part of the frame into a part of the figure; the nested svg clips its content."""
    x, y, w, _ = source
    left, top, width, height = target
    scale = width / w
    shown = _part(image, frame, source, (max(1, round(width * _DENSITY)), max(1, round(height * _DENSITY))))
    parts = [f'<image width="{width:.1f}" height="{height:.1f}" href="{data_uri(shown)}"/>']

    def to_figure(px: float, py: float) -> tuple[float, float]:
        return (px - x) * scale, (py - y) * scale

    parts += [_person(person, to_figure, scale) for person in frame.persons]
    parts += [_ball(ball, to_figure, scale) for ball in frame.balls]
    if overlay is not None:
        parts.append(overlay(to_figure))
    if focus is not None:
        fx, fy = to_figure(focus[0] + focus[2] / 2, focus[1] + focus[3] / 2)
        sides = max(focus[2] * scale, 10.0) + 6, max(focus[3] * scale, 10.0) + 6
        parts.append(_brackets(fx, fy, *sides))
    area = f'x="{left:.1f}" y="{top:.1f}" width="{width:.1f}" height="{height:.1f}"'
    return f"<svg {area}>{''.join(parts)}</svg>"


def _part(image: Image, frame: Frame, source: Box, pixels: tuple[int, int]) -> Image:
    """Crop a part (left, top, width, height in frame pixels) of the image, resized to `pixels`."""
    across = image.shape[1] / (frame.width or image.shape[1])
    down = image.shape[0] / (frame.height or image.shape[0])
    zoom = pixels[0] / source[2] / across, pixels[1] / source[3] / down
    if max(zoom) < 1:  # area averaging keeps lines and the ball visible
        image = np.asarray(
            cv2.resize(image, None, fx=zoom[0], fy=zoom[1], interpolation=cv2.INTER_AREA), np.uint8
        )
        across, down = across * zoom[0], down * zoom[1]
    zoom = pixels[0] / source[2] / across, pixels[1] / source[3] / down
    offset = -source[0] * across * zoom[0], -source[1] * down * zoom[1]
    affine = np.array([[zoom[0], 0, offset[0]], [0, zoom[1], offset[1]]])
    interpolation = cv2.INTER_CUBIC if max(zoom) > 1.05 else cv2.INTER_LINEAR
    return np.asarray(
        cv2.warpAffine(image, affine, pixels, flags=interpolation, borderValue=_OUTSIDE), np.uint8
    )


def _person(person: Person, to_figure: ToFigure, scale: float) -> str:
    x, y, w, h = person.box
    dash = _unreviewed_dash(person.source)
    parts = []
    if _finite(person.box):
        cx, cy = to_figure(x + w / 2, y + h / 2)
        parts.append(box_outline((cx, cy, max(w * scale, 1.0), max(h * scale, 1.0)), _PERSON, dash))
    if person.keypoints:
        thin = min(1.4, max(0.5, h * scale / 90))
        points = [_joint(point, to_figure) for point in person.keypoints]
        parts += [_bone(points, bone, _BODY, dash, thin) for bone in TRUNK_AND_LEGS]
        for upper, fore, colour in _ARMS:
            parts += [_bone(points, bone, colour, dash, 1.8 * thin) for bone in (upper, fore)]
        parts.append(_wrists(points, thin))
    return "".join(parts)


def _joint(point: Keypoint, to_figure: ToFigure) -> tuple[float, float] | None:
    x, y, visibility = point
    return to_figure(x, y) if visibility > 0 and _finite((x, y)) else None


def _bone(points: Joints, bone: tuple[int, int], colour: str, dash: str, width: float) -> str:
    if max(bone) >= len(points):
        return ""
    a, b = points[bone[0]], points[bone[1]]
    if a is None or b is None:
        return ""
    return outlined(f'path d="M{a[0]:.1f} {a[1]:.1f}L{b[0]:.1f} {b[1]:.1f}"', colour, dash, width)


def _wrists(points: Joints, width: float) -> str:
    parts = []
    r = 2.4 * width
    if len(points) > _RIGHT_WRIST:
        if left := points[_LEFT_WRIST]:
            parts.append(
                outlined(f'circle cx="{left[0]:.1f}" cy="{left[1]:.1f}" r="{r:.1f}"', _LEFT_ARM, "", width)
            )
        if right := points[_RIGHT_WRIST]:
            parts.append(box_outline((*right, 2 * r, 2 * r), _RIGHT_ARM))
    return "".join(parts)


def _ball(ball: Ball, to_figure: ToFigure, scale: float) -> str:
    if ball.visibility == Visibility.ABSENT or not _finite((ball.x, ball.y, ball.w, ball.h)):
        return ""
    cx, cy = to_figure(ball.x, ball.y)
    dash = _unreviewed_dash(ball.source) or ("" if ball.visible else _INTERPOLATED_DASH)
    if ball.w <= 0 or ball.h <= 0:  # only the centre is known
        return outlined(f'path d="M{cx - 6:.1f} {cy:.1f}h12M{cx:.1f} {cy - 6:.1f}v12"', _BALL, dash)
    return box_outline((cx, cy, max(ball.w * scale, 6.0), max(ball.h * scale, 6.0)), _BALL, dash)


def _brackets(cx: float, cy: float, w: float, h: float) -> str:
    """Brackets around a part, which point at it without covering it."""
    x, y, arm = cx - w / 2, cy - h / 2, min(w, h, 24.0) / 4
    corners = (
        f"M{x:.1f} {y + arm:.1f}v-{arm:.1f}h{arm:.1f}M{x + w - arm:.1f} {y:.1f}h{arm:.1f}v{arm:.1f}"
        f"M{x + w:.1f} {y + h - arm:.1f}v{arm:.1f}h-{arm:.1f}M{x + arm:.1f} {y + h:.1f}h-{arm:.1f}v-{arm:.1f}"
    )
    return outlined(f'path d="{corners}"', "#fff", width=2)


def _unreviewed_dash(mark: AnnotationSource | None) -> str:
    return _UNREVIEWED_DASH if mark is not None and not mark.reviewed else ""


def _finite(numbers: Iterable[float]) -> bool:
    return all(map(math.isfinite, numbers))
