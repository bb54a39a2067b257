"""From stored arrays back to the parts that rank."""

from __future__ import annotations

import torch

from footfall import ranking
from footfall.core.arrays import Array
from footfall.counts import repeats
from footfall.encoder.network import Encoder, EncoderConfig, grow
from footfall.ranking import Context
from footfall.ranking.mixture import Ranker
from footfall.recommender import stored_model as artifacts
from footfall.recommender.stored_model import Values
from footfall.sequences.events import Catalogue, ItemEvents

POPULATIONS = ("all items", "new items only")


def config_of(stored: dict[str, Array]) -> EncoderConfig:
    """Return the sizes that stored weights have."""
    return EncoderConfig(
        items=len(stored["item"]),
        categories=len(stored["category"]) - 1,
        brands=len(stored["brand"]) - 1,
        dim=stored["item"].shape[1],
        blocks=len({name.split(".")[1] for name in stored if name.startswith("blocks.")}),
        max_length=len(stored["position"]),
    )


def encoder_of(
    stored: dict[str, Array],
    catalogue: Catalogue,
    device: torch.device,
) -> Encoder | None:
    """Build the encoder that stored weights are of; None without weights."""
    if not stored:
        return None
    config = config_of(stored)
    if config.items > len(catalogue.item_ids):
        raise artifacts.ArtifactError(
            f"the encoder knows {config.items} items, its catalogue {len(catalogue.item_ids)}"
        )
    encoder = Encoder(config, torch.Generator().manual_seed(0))
    grow(stored, encoder)
    encoder.to(device)
    return encoder


def context_of(
    tokens: ItemEvents,
    catalogue: Catalogue,
    history: repeats.ItemHistory,
    cut: int,
    values: Values,
    device: torch.device,
) -> Context:
    """Combine the events before ``cut`` with the trained parts of one fit."""
    encoder = encoder_of(artifacts.part(values, "encoder."), catalogue, device)
    model = repeats.RepeatModel(artifacts.part(values, "repeats."))
    return ranking.context_at(tokens, catalogue, history, cut, encoder, model, device)


def ranker_of(values: Values, population: str) -> Ranker:
    """Return the ranker that stored arrays are of.

    Raises
    ------
    artifacts.ArtifactError
        When an array is missing or does not fit.
    """
    try:
        return Ranker.of(artifacts.part(values, f"mixture.{population}."))
    except ValueError as error:
        raise artifacts.ArtifactError(f"{population}: {error}; train anew") from error
