"""Rows that are mixed, and images that are moved."""

import numpy as np
import pytest
import torch
from torch import nn

from search_spaces.columns import Shape
from search_spaces.networks import TrainingSettings
from searcher.errors import TrialError
from searcher.training import images
from searcher.training.alterations import Alterations

SHAPE = Shape("image", (2, 8, 6))
PICTURES = torch.arange(3 * 96, dtype=torch.float32).view(3, 96)


def moved(kind: str, maps: np.ndarray) -> torch.Tensor:
    found = images.moved(PICTURES, torch.from_numpy(maps), SHAPE, mode=images.MOVES[kind].mode)
    return found.view(3, 2, 8, 6)


def test_a_flip_is_exactly_the_mirror_image_or_the_image() -> None:
    maps = images.flips(200, np.random.default_rng(0))

    assert 60 < (maps[:, 0, 0] < 0).sum() < 140
    found = moved("flip", maps[np.argsort(maps[:, 0, 0])][[0, 1, -1]])
    wanted = PICTURES.view(3, 2, 8, 6)
    assert torch.equal(found[:2], wanted[:2].flip(-1))
    assert torch.equal(found[2], wanted[2])


def test_a_shift_moves_whole_pixels_and_repeats_the_edge() -> None:
    maps = images.shifts(3, np.random.default_rng(0))
    maps[:, 0, 2], maps[:, 1, 2] = 2 / 6, 0.0  # a pixel of six, sideways

    found = moved("shift", maps)

    pictures = PICTURES.view(3, 2, 8, 6)
    assert torch.equal(found[..., :5], pictures[..., 1:])
    assert torch.equal(found[..., 5], pictures[..., 5])


def test_shifts_stay_within_an_eighth_of_a_side() -> None:
    maps = images.shifts(500, np.random.default_rng(0))

    assert np.abs(maps[:, :, 2]).max() <= 2 / 8
    assert np.abs(maps[:, :, 2]).max() > 0.9 * 2 / 8


def test_crops_stay_within_the_image() -> None:
    maps = images.crops(500, np.random.default_rng(0))

    reach = np.abs(maps[:, :, 2]) + maps[:, [0, 1], [0, 1]]
    assert reach.max() <= 1 + 1e-6
    assert maps[:, 0, 0].min() >= 0.8
    assert np.array_equal(maps[:, 0, 0], maps[:, 1, 1])


def test_the_whole_as_a_crop_is_the_image() -> None:
    maps = np.tile(np.eye(2, 3, dtype=np.float32), (3, 1, 1))

    torch.testing.assert_close(moved("crop", maps), PICTURES.view(3, 2, 8, 6))


def test_mixed_rows_are_between_the_row_and_its_partner() -> None:
    alterations = Alterations(mixup=0.4)
    X = torch.rand(10, 4)
    view = alterations.draw(10, np.random.default_rng(1))
    assert view.partner is not None

    others = X[torch.from_numpy(view.partner)]
    mixed = alterations.mix(X, others, view, np.arange(10))

    assert 0 < view.share < 1
    torch.testing.assert_close(mixed, view.share * X + (1 - view.share) * others)


def test_codes_are_not_mixed_but_taken_from_one_row_or_the_other() -> None:
    alterations = Alterations(mixup=0.4, n_codes=2)
    rng = np.random.default_rng(2)
    codes = torch.from_numpy(rng.integers(0, 9, (400, 2)).astype(np.float32))
    codes[::7] = torch.nan  # unknown
    X = torch.cat([codes, torch.rand(400, 1)], dim=1)
    view = alterations.draw(400, np.random.default_rng(3))
    assert view.partner is not None
    assert view.own_codes is not None

    others = X[torch.from_numpy(view.partner)]
    mixed = alterations.mix(X, others, view, np.arange(400))

    own = torch.from_numpy(view.own_codes)
    torch.testing.assert_close(mixed[:, :2][own], X[:, :2][own], equal_nan=True)
    torch.testing.assert_close(mixed[:, :2][~own], others[:, :2][~own], equal_nan=True)
    assert own.float().mean().item() == pytest.approx(view.share, abs=0.1)
    assert not torch.equal(mixed[:, 2], X[:, 2])


def test_what_a_part_of_the_module_says_of_the_rows_is_found() -> None:
    reader = nn.Linear(3, 3)
    reader.n_codes = 2  # type: ignore[assignment]
    module = nn.Sequential(nn.Identity(), reader)

    assert Alterations.of(TrainingSettings(mixup=0.2), module).n_codes == 2


def test_only_images_can_be_moved() -> None:
    sequence = nn.Identity()
    sequence.shape = Shape("sequence", (4, 2))  # type: ignore[assignment]

    for module, found in ((nn.Identity(), "a table"), (sequence, "a sequence of 4 x 2")):
        with pytest.raises(TrialError, match=f"'flip' is for images; the rows are {found}"):
            Alterations.of(TrainingSettings(augment="flip"), module)
