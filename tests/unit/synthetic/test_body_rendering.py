from __future__ import annotations

import numpy as np
import pytest

from raasid.synthetic.actors import Actor, Cast
from raasid.synthetic.arrays import Floats
from raasid.synthetic.body_rendering import Limbs, OutfitColours, render_bodies
from raasid.synthetic.camera import Camera, look_at
from raasid.synthetic.clothing import WHITE, draw_civilian_outfit
from raasid.synthetic.skeleton import NUM_STYLE
from raasid.synthetic.sprites import Sprite

SIZE = (640, 360)


def camera(focal_px: float) -> Camera:
    return look_at(np.array([0.0, -60.0, 18.0]), np.array([0.0, 0.0, 1.0]), focal_px, 0.0, SIZE)


def bodies(*positions: tuple[float, float]) -> tuple[Floats, list[OutfitColours]]:
    rng = np.random.default_rng(0)
    outfits = [draw_civilian_outfit(rng, WHITE, (40, 30, 30)) for _ in positions]
    actors = [
        Actor(i, "player", "home", outfit, position, (1.0, 0.3 * i), 0.0, 1.8, float(i), (0.0,) * NUM_STYLE)
        for i, (position, outfit) in enumerate(zip(positions, outfits, strict=True))
    ]
    return Cast(actors).joints(0.1), [OutfitColours(outfit) for outfit in outfits]


def drawn(
    joints: Floats, colours: list[OutfitColours], eye: Camera, smear: float = 0.0
) -> list[Sprite | None]:
    n = len(colours)
    smears = np.tile([smear, smear / 2], (n, 1))
    return render_bodies(Limbs.of(joints, eye), colours, SIZE, light=np.ones(n), side=0.3, smear_px=smears)


@pytest.mark.parametrize("focal_px", [1500.0, 4000.0, 9000.0])
@pytest.mark.parametrize("smear", [0.0, 5.0])
def test_a_body_is_rendered_the_same_alone_and_among_others(focal_px: float, smear: float) -> None:
    joints, colours = bodies((0.0, 0.0), (1.5, 1.0), (-0.8, -0.5))
    eye = camera(focal_px)
    together = drawn(joints, colours, eye, smear)
    for i, among in enumerate(together):
        (alone,) = drawn(joints[i : i + 1], colours[i : i + 1], eye, smear)
        assert alone is not None
        assert among is not None
        assert (alone.left, alone.top) == (among.left, among.top)
        assert np.array_equal(alone.colour, among.colour)
        assert np.array_equal(alone.alpha, among.alpha)


@pytest.mark.parametrize("focal_px", [1500.0, 4000.0, 9000.0])
def test_the_inside_of_a_body_is_opaque_and_its_outline_is_soft(focal_px: float) -> None:
    joints, colours = bodies((0.0, 0.0))
    (body,) = drawn(joints, colours, camera(focal_px))
    assert body is not None
    assert body.alpha.min() == 0
    assert body.alpha.max() == 1
    assert ((body.alpha > 0) & (body.alpha < 1)).any()
    assert (body.colour <= 255 * body.alpha[..., None] + 0.5).all()


def test_an_invisible_body_has_no_sprite() -> None:
    joints, colours = bodies((0.0, 0.0), (50.0, 0.0), (0.0, -90.0))
    assert [body is None for body in drawn(joints, colours, camera(3000.0))] == [False, True, True]
