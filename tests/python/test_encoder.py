import numpy as np
import pytest
import torch

from footfall.encoder import network as encoders
from footfall.encoder.network import Encoder, EncoderConfig, ItemFeatures, Tokens
from footfall.sequences import reading
from scorer_data import items_table, shop

pytestmark = pytest.mark.library

CPU = torch.device("cpu")


@pytest.fixture
def world():
    tokens, catalogue = reading.read(shop(), items_table(30))
    config = EncoderConfig(30, 3, 0, dim=16, blocks=2, max_length=20)
    encoder = Encoder(config, torch.Generator().manual_seed(0))
    return tokens, catalogue, encoder, ItemFeatures.of(catalogue, 30, CPU)


def test_no_state_sees_the_future(world):
    tokens, _, encoder, features = world
    positions = tokens.offsets[0] + np.arange(8)[None]
    batch = Tokens.of(tokens, positions, CPU)
    before = encoder(batch, features)
    batch.items[0, 5:] = (batch.items[0, 5:] + 1) % 30
    after = encoder(batch, features)
    torch.testing.assert_close(before[:, :5], after[:, :5])
    assert not torch.allclose(before[:, 5:], after[:, 5:])


def test_last_states_equal_those_of_a_batch_of_one(world):
    tokens, _, encoder, features = world
    starts, ends = tokens.offsets[:-1], tokens.offsets[1:]
    states = encoders.last_states(
        encoder, encoder.table(features)[0], tokens, starts, ends, device=CPU
    )
    alone = encoders.last_states(
        encoder, encoder.table(features)[0], tokens, starts[:1], ends[:1], device=CPU
    )
    torch.testing.assert_close(states[:1], alone)


def test_the_last_state_alone_is_that_of_the_whole_pass(world):
    tokens, _, encoder, features = world
    positions = tokens.offsets[0] + np.arange(8)[None]
    batch = Tokens.of(tokens, positions, CPU)
    last = encoder.last(batch, encoder.table(features)[0])
    torch.testing.assert_close(last, encoder(batch, features)[:, -1])


def test_an_empty_history_has_a_state_of_zeros(world):
    tokens, _, encoder, features = world
    none = np.zeros(1, dtype=np.int64)
    states = encoders.last_states(
        encoder, encoder.table(features)[0], tokens, none, none, device=CPU
    )
    assert not states.any()


def test_unseen_items_have_a_place_by_category_and_price(world):
    _, catalogue, _, features = world
    small = Encoder(EncoderConfig(20, 3, 0, 16, 1, 20), torch.Generator().manual_seed(0))
    vectors, bias = small.table(features)
    assert vectors.shape == (30, 16)
    assert bias[20:].tolist() == [0.0] * 10
    same = (catalogue.category[20:] == catalogue.category[20]) & np.isnan(catalogue.price[20:])
    same &= np.isnan(catalogue.price[20])
    torch.testing.assert_close(
        vectors[20:][torch.from_numpy(same)], vectors[20].expand(int(same.sum()), -1)
    )


def test_dropout_keeps_the_mean_and_repeats_under_its_seed():
    x = torch.ones(1001, 99)
    one = encoders.dropout(x, 0.25, torch.Generator().manual_seed(3))
    two = encoders.dropout(x, 0.25, torch.Generator().manual_seed(3))
    assert torch.equal(one, two)
    assert float(one.mean()) == pytest.approx(1.0, abs=0.01)
    assert float((one == 0).float().mean()) == pytest.approx(0.25, abs=0.01)
    assert encoders.dropout(x, 0.25, None) is x


def test_growing_keeps_what_was_learned(world):
    _, _, encoder, _ = world
    stored = encoders.weights(encoder)
    bigger = Encoder(EncoderConfig(35, 3, 0, 16, 2, 20), torch.Generator().manual_seed(9))
    encoders.grow(stored, bigger)
    np.testing.assert_array_equal(encoders.weights(bigger)["item"][:30], stored["item"])


def test_growing_from_another_shape_says_what_does_not_fit(world):
    stored = encoders.weights(world[2])
    other = Encoder(EncoderConfig(30, 3, 0, 32, 2, 20), torch.Generator().manual_seed(0))
    with pytest.raises(ValueError, match="weight 'item' has shape"):
        encoders.grow(stored, other)
    del stored["gap"]
    with pytest.raises(ValueError, match="no weight 'gap'"):
        encoders.grow(stored, world[2])
