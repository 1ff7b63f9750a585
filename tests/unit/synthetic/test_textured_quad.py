from __future__ import annotations

import cv2
import numpy as np
import pytest

from raasid.synthetic.arrays import Image
from raasid.synthetic.camera import Camera, look_at
from raasid.synthetic.textured_quad import TexturedQuad

SIZE = (320, 180)


def camera(x: float = 0.0, focal_px: float = 500.0) -> Camera:
    return look_at(np.array([0.0, -60.0, 18.0]), np.array([x, 0.0, 0.0]), focal_px, 0.01, SIZE)


def wall(repeats: float = 1.0) -> TexturedQuad:
    texture = np.random.default_rng(0).integers(0, 255, (64, 400, 3), dtype=np.uint8)
    origin, u, v = np.array([-30.0, 5.0, 6.0]), np.array([60.0, 0, 0]), np.array([0, 0, -6.0])
    return TexturedQuad(origin, u, v, texture, repeats)


def painted(quad: TexturedQuad, eye: Camera, rows: int | None = None) -> Image:
    image = np.full((SIZE[1], SIZE[0], 3), 90, np.uint8)
    quad.paste(image, eye, rows=rows)
    return image


@pytest.mark.parametrize("repeats", [1.0, 3.0])
@pytest.mark.parametrize("rows", [0, 1, 60, 75, 90, 180])
def test_the_requested_rows_are_those_of_the_whole_quad(rows: int, repeats: float) -> None:
    quad = wall(repeats)
    assert np.array_equal(painted(quad, camera(), rows)[:rows], painted(quad, camera())[:rows])


@pytest.mark.parametrize("x", [-32.0, -20.0, 0.0, 24.0])
def test_cropping_the_warp_to_the_visible_part_changes_no_pixel_visibly(x: float) -> None:
    quad, eye = wall(), camera(x)
    region = quad.visible_region(eye)
    assert region is not None
    left, top = region.window[1].start, region.window[0].start
    shift = np.array([[1.0, 0.0, -left], [0.0, 1.0, -top], [0.0, 0.0, 1.0]])
    warp = shift @ quad.homography(eye)
    size = (SIZE[0] - left, SIZE[1] - top)
    texture = cv2.cvtColor(quad.texture, cv2.COLOR_BGR2BGRA)
    whole = cv2.warpPerspective(texture, warp, size, borderMode=cv2.BORDER_REPLICATE)
    tall, wide = region.mask.shape
    off = np.abs(region.texels.astype(int) - whole[:tall, :wide])
    assert off.max() <= 1
    assert (off > 0).mean() < 1e-3


def test_a_quad_does_not_depend_on_earlier_views() -> None:
    fresh, used = wall(), wall()
    for focal_px in (900.0, 60.0, 200.0):
        painted(used, camera(focal_px=focal_px))
    for focal_px in (120.0, 500.0, 60.0):
        assert np.array_equal(
            painted(fresh, camera(focal_px=focal_px)), painted(used, camera(focal_px=focal_px))
        )


def test_a_fine_texture_fades_to_its_mean_in_the_distance() -> None:
    near, far = painted(wall(), camera(focal_px=900.0)), painted(wall(), camera(focal_px=60.0))
    assert far[far[..., 0] != 90].std() < 0.5 * near[near[..., 0] != 90].std()


def test_an_invisible_quad_has_no_region() -> None:
    behind = TexturedQuad(
        np.array([-5.0, -90.0, 3.0]), np.array([10.0, 0, 0]), np.array([0, 0, -3.0]), wall().texture
    )
    assert behind.visible_region(camera()) is None
    assert wall().visible_region(camera(), rows=0) is None
