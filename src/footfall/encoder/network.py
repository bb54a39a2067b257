"""The causal transformer over a customer's item events.

Self-attention over item sequences follows SASRec (Kang and McAuley, 2018, "Self-Attentive
Sequential Recommendation"); blocks are pre-norm (Xiong et al., 2020, "On Layer Normalization in
the Transformer Architecture") with SwiGLU (Shazeer, 2020, "GLU Variants Improve Transformer").
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from footfall.core.arrays import Array, IntArray
from footfall.core.device import autocast
from footfall.core.draws import dropout
from footfall.sequences.events import (
    GAP_BUCKETS,
    KINDS,
    PRICE_BUCKETS,
    Catalogue,
    ItemEvents,
    equal_length_batches,
    price_buckets,
)

ANY_EVENT, NEXT_PURCHASE = 0, 1
"""What a query asks for: the next item touched, or the next item bought."""


@dataclass(frozen=True)
class EncoderConfig:
    """Sizes of an encoder; everything else about it is learned."""

    items: int
    categories: int
    brands: int
    dim: int
    blocks: int
    max_length: int

    @property
    def heads(self) -> int:
        """One head for each 64 features: narrower heads lost quality in our measurements."""
        return max(1, self.dim // 64)


@dataclass(frozen=True)
class ItemFeatures:
    """What is known about items apart from their history; int64 ``[items]`` each."""

    category: Tensor
    brand: Tensor
    price: Tensor

    @classmethod
    def of(cls, catalogue: Catalogue, count: int, device: torch.device) -> ItemFeatures:
        """Take the first ``count`` items of the catalogue."""
        return cls(
            category=torch.from_numpy(catalogue.category[:count]).to(device),
            brand=torch.from_numpy(catalogue.brand[:count]).to(device),
            price=torch.from_numpy(price_buckets(catalogue.price[:count])).to(device),
        )

    def at(self, index: Tensor) -> ItemFeatures:
        """Return the features of some items."""
        return ItemFeatures(self.category[index], self.brand[index], self.price[index])


@dataclass(frozen=True)
class Tokens:
    """A batch of equally long slices; int64 ``[batch, length]`` each."""

    items: Tensor
    kinds: Tensor
    gaps: Tensor

    @classmethod
    def of(cls, events: ItemEvents, positions: IntArray, device: torch.device) -> Tokens:
        """Gather the tokens at ``positions``."""
        columns = (events.items, events.kinds, events.gaps)
        items, kinds, gaps = (torch.from_numpy(c[positions]).to(device).long() for c in columns)
        return cls(items, kinds, gaps)


class Block(nn.Module):  # type: ignore[misc]
    """Pre-norm causal attention and a SwiGLU layer."""

    def __init__(self, dim: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.attention_norm = nn.LayerNorm(dim)
        self.queries_keys_values = nn.Linear(dim, 3 * dim)
        self.attention_out = nn.Linear(dim, dim)
        self.feed_norm = nn.LayerNorm(dim)
        self.feed_in = nn.Linear(dim, 4 * dim)
        self.feed_out = nn.Linear(2 * dim, dim)

    def forward(self, x: Tensor, rate: float, random: torch.Generator | None) -> Tensor:
        """Map float ``[batch, length, dim]`` to the same shape."""
        batch, length, dim = x.shape
        packed = self.queries_keys_values(self.attention_norm(x))
        q, k, v = packed.view(batch, length, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        mixed = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        mixed = self.attention_out(mixed.transpose(1, 2).reshape(batch, length, dim))
        x = x + dropout(mixed, rate, random)
        gate, value = self.feed_in(self.feed_norm(x)).chunk(2, dim=-1)
        return x + dropout(self.feed_out(functional.silu(gate) * value), rate, random)

    def last(self, x: Tensor) -> Tensor:
        """Return ``forward`` of the last token alone, without dropout; ``[batch, dim]``.

        The other tokens are keys and values only, which spares three quarters of the work.
        """
        batch, length, dim = x.shape
        normed = self.attention_norm(x)
        weight, bias = self.queries_keys_values.weight, self.queries_keys_values.bias
        query = functional.linear(normed[:, -1], weight[:dim], bias[:dim])
        pairs = functional.linear(normed, weight[dim:], bias[dim:])
        keys, values = pairs.view(batch, length, 2, self.heads, -1).permute(2, 0, 3, 1, 4)
        query = query.view(batch, self.heads, 1, -1)
        mixed = functional.scaled_dot_product_attention(query, keys, values)
        x = x[:, -1] + self.attention_out(mixed.reshape(batch, dim))
        gate, value = self.feed_in(self.feed_norm(x)).chunk(2, dim=-1)
        fed: Tensor = x + self.feed_out(functional.silu(gate) * value)
        return fed


class Encoder(nn.Module):  # type: ignore[misc]
    """Turns item events into a state of the customer, and states into logits over items.

    An item's vector, the same on the way in and on the way out, is the sum of its own and of
    those of its category, brand and price bucket: an item without history still has a place.
    """

    def __init__(self, config: EncoderConfig, random: torch.Generator) -> None:
        super().__init__()
        self.config = config
        dim = config.dim
        self.item = nn.Parameter(torch.empty(config.items, dim))
        self.item_bias = nn.Parameter(torch.empty(config.items))
        self.unknown = nn.Parameter(torch.empty(1, dim))
        self.category = nn.Parameter(torch.empty(config.categories + 1, dim))
        self.brand = nn.Parameter(torch.empty(config.brands + 1, dim))
        self.price = nn.Parameter(torch.empty(PRICE_BUCKETS, dim))
        self.kind = nn.Parameter(torch.empty(len(KINDS), dim))
        self.gap = nn.Parameter(torch.empty(GAP_BUCKETS, dim))
        self.position = nn.Parameter(torch.empty(config.max_length, dim))
        self.intent = nn.Parameter(torch.empty(2, dim))
        self.blocks = nn.ModuleList(Block(dim, config.heads) for _ in range(config.blocks))
        self.final_norm = nn.LayerNorm(dim)
        self._initialise(random)

    def _initialise(self, random: torch.Generator) -> None:
        with torch.no_grad():
            for name, weight in self.named_parameters():
                if "norm" in name:
                    weight.fill_(1.0 if name.endswith("weight") else 0.0)
                elif name.endswith("bias"):
                    weight.zero_()
                elif ".weight" in name:
                    bound = 1.0 / math.sqrt(weight.shape[1])
                    weight.uniform_(-bound, bound, generator=random)
                else:
                    weight.normal_(0.0, 0.02, generator=random)

    def table(self, features: ItemFeatures, index: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Return the vectors and biases of items, for the way out.

        Parameters
        ----------
        features
            Of the first ``n`` items, ``n`` at least the items trained on.
        index
            Only these items; int64 ``[some]``.

        Returns
        -------
        Vectors float32 ``[n or some, dim]`` and biases float32 ``[n or some]``.
        """
        own, bias = self.item, self.item_bias
        extra = len(features.category) - self.config.items
        if extra > 0:
            own = torch.cat([own, self.unknown.expand(extra, -1)])
            bias = torch.cat([bias, bias.new_zeros(extra)])
        if index is not None:
            own, bias, features = own[index], bias[index], features.at(index)
        return own + self._described(features), bias

    def _described(self, features: ItemFeatures) -> Tensor:
        # Embedding sums rather than advanced indexing: their backward is several times faster.
        described = functional.embedding(features.price, self.price)
        if self.config.categories:
            described = described + functional.embedding(features.category, self.category)
        if self.config.brands:
            described = described + functional.embedding(features.brand, self.brand)
        return described

    def forward(
        self,
        tokens: Tokens,
        features: ItemFeatures,
        *,
        rate: float = 0.0,
        item_rate: float = 0.0,
        random: torch.Generator | None = None,
    ) -> Tensor:
        """Return states after each token.

        Parameters
        ----------
        tokens
            Items beyond those trained on are read by category, brand and price alone.
        features
            Of every item that ``tokens`` names.
        rate, item_rate
            Dropout of features; share of items hidden, which is how ``unknown`` is learned.
        random
            Draws both; without it nothing is dropped.

        Returns
        -------
        States float ``[batch, length, dim]``.
        """
        length = tokens.items.shape[1]
        x = self.embedded(tokens, features, item_rate=item_rate, random=random)
        # Positions count from the end, where scoring looks: the last token is always number 0.
        x = dropout(x + self.position[:length].flip(0), rate, random)
        for block in self.blocks:
            x = block(x, rate, random)
        return self.final_norm(x)

    def embedded(
        self,
        tokens: Tokens,
        features: ItemFeatures,
        *,
        item_rate: float = 0.0,
        random: torch.Generator | None = None,
    ) -> Tensor:
        """Return vectors of the tokens before position and attention; float ``[..., dim]``."""
        known = tokens.items < self.config.items
        if random is not None and item_rate > 0.0:
            draw = torch.rand(known.shape, generator=random, device=known.device)
            known = known & (draw >= item_rate)
        own = functional.embedding(torch.where(known, tokens.items, 0), self.item)
        own = torch.where(known[..., None], own, self.unknown[0])
        x = own + self._described(features.at(tokens.items))
        x = x + functional.embedding(tokens.kinds, self.kind)
        return x + functional.embedding(tokens.gaps, self.gap)

    def last(self, tokens: Tokens, vectors: Tensor) -> Tensor:
        """Return the states after each slice's last token, without dropout; ``[batch, dim]``.

        Parameters
        ----------
        vectors
            Of every item that ``tokens`` names, as ``table`` gives them.
        """
        length = tokens.items.shape[1]
        acts = (self.kind[:, None] + self.gap).view(-1, self.config.dim)
        x = functional.embedding(tokens.items, vectors)
        x = x + functional.embedding(tokens.kinds * GAP_BUCKETS + tokens.gaps, acts)
        x = x + self.position[:length].flip(0)
        for block in self.blocks[:-1]:
            x = block(x, 0.0, None)
        return self.final_norm(self.blocks[-1].last(x))

    def query(self, states: Tensor, intent: int) -> Tensor:
        """Turn states ``[..., dim]`` into queries for the item table."""
        return states + self.intent[intent]


def last_states(
    encoder: Encoder,
    vectors: Tensor,
    events: ItemEvents,
    starts: IntArray,
    ends: IntArray,
    *,
    device: torch.device,
    order: IntArray | None = None,
    batch_tokens: int = 16_384,
) -> Tensor:
    """Return states after the last token of each slice; float32 ``[slices, dim]`` on ``device``.

    Only the last ``max_length`` tokens of a slice are read. An empty slice has a state of zeros.

    Parameters
    ----------
    vectors
        Of every item in the slices, as ``Encoder.table`` gives them.
    order
        Token positions that ``starts`` and ``ends`` index into; the columns themselves without.
    """
    reach = np.maximum(starts, ends - encoder.config.max_length)
    states = torch.zeros(len(starts), encoder.config.dim, device=device)
    with torch.no_grad(), autocast(device):
        for rows, positions in equal_length_batches(reach, ends, batch_tokens):
            tokens = positions if order is None else order[positions]
            last = encoder.last(Tokens.of(events, tokens, device), vectors)
            states[torch.from_numpy(rows).to(device)] = last.float()
    return states


def grow(state: dict[str, Any], encoder: Encoder) -> None:
    """Copy an older encoder's weights into one with as many items or more.

    The items known to both are a prefix of the table; new items keep their fresh start.

    Raises
    ------
    ValueError
        When a weight is missing or has a shape that does not fit.
    """
    with torch.no_grad():
        for name, weight in encoder.named_parameters():
            if name not in state:
                raise ValueError(f"the older encoder has no weight {name!r}")
            old = torch.as_tensor(state[name])
            if old.shape[1:] != weight.shape[1:] or old.shape[0] > weight.shape[0]:
                raise ValueError(
                    f"weight {name!r} has shape {list(old.shape)} in the older encoder; "
                    f"at most {list(weight.shape)} fits"
                )
            weight[: old.shape[0]] = old.to(weight.device)


def start_new_items(encoder: Encoder, known: int, features: ItemFeatures) -> None:
    """Start the items beyond the first ``known`` where others of their kind are.

    That is the mean over the known items of the same category and price bucket, or else of the
    same category, or of the same price bucket, or the vector of unknown items.
    """
    count = encoder.config.items
    if known >= count:
        return
    category, price = features.category[:count], features.price[:count]
    keys = (category * PRICE_BUCKETS + price, category, price)
    with torch.no_grad():
        own = torch.cat([encoder.item[:known], encoder.item_bias[:known, None]], dim=1)
        start = torch.cat([encoder.unknown[0], encoder.item_bias[:known].mean().reshape(1)])
        start = torch.nan_to_num(start).repeat(count - known, 1)
        for key in reversed(keys):
            size = int(key.max()) + 1
            sums = torch.zeros(size, own.shape[1], device=own.device).index_add_(
                0, key[:known], own
            )
            times = torch.bincount(key[:known], minlength=size)
            met = times[key[known:]] > 0
            start[met] = (sums / times.clamp_min(1)[:, None])[key[known:]][met]
        encoder.item[known:] = start[:, :-1]
        encoder.item_bias[known:] = start[:, -1]


def weights(encoder: Encoder) -> dict[str, Array]:
    """Return the weights as float32 arrays on the CPU, copied."""
    return {
        name: weight.detach().to("cpu", torch.float32).numpy().copy()
        for name, weight in encoder.named_parameters()
    }
