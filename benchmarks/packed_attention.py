"""Histories of any length end to end in one batch: attention that does not cross their edges.

On a GPU batches have to be large to be worth their launch, and slices of equal length are too few
for that. The weights and the results are those of ``Encoder``; only the layout differs.
"""

from __future__ import annotations

import itertools

import torch
from torch import Tensor
from torch.nn import functional

from footfall.encoder.network import Block, Encoder, ItemFeatures, Tokens


def attention(q: Tensor, k: Tensor, v: Tensor, edges: Tensor, longest: int) -> Tensor:
    """Causal attention within each history.

    Parameters
    ----------
    q, k, v
        Float ``[tokens, heads, features]``; on CUDA bf16 or fp16.
    edges
        History ``h`` owns the tokens ``edges[h]:edges[h + 1]``; int32 ``[histories + 1]``.
    longest
        Tokens of the longest history.

    Returns
    -------
    Float ``[tokens, heads, features]``.
    """
    if q.is_cuda:
        from torch.nn.attention.varlen import varlen_attn

        varlen: Tensor = varlen_attn(q, k, v, edges, edges, longest, longest, window_size=(-1, 0))
        return varlen
    # The kernel above exists on CUDA alone; elsewhere a history at a time says the same.
    parts = []
    for low, high in itertools.pairwise(edges.tolist()):
        one, two, three = (x[low:high].transpose(0, 1) for x in (q, k, v))
        mixed = functional.scaled_dot_product_attention(one, two, three, is_causal=True)
        parts.append(mixed.transpose(0, 1))
    return torch.cat(parts) if parts else torch.zeros_like(q)


def states(
    encoder: Encoder, tokens: Tokens, edges: Tensor, longest: int, features: ItemFeatures
) -> Tensor:
    """States after each token, without dropout.

    Parameters
    ----------
    tokens
        Flat; int64 ``[tokens]`` each.
    edges, longest
        As in ``attention``; no history longer than the encoder's ``max_length``.

    Returns
    -------
    Float ``[tokens, dim]``.
    """
    sizes = edges.diff().long()
    end = torch.repeat_interleave(edges[1:].long(), sizes)
    from_end = end - 1 - torch.arange(len(tokens.items), device=end.device)
    x = encoder.embedded(tokens, features) + functional.embedding(from_end, encoder.position)
    for block in encoder.blocks:
        x = _block(block, x, edges, longest)
    normed: Tensor = encoder.final_norm(x)
    return normed


def _block(block: Block, x: Tensor, edges: Tensor, longest: int) -> Tensor:
    count, dim = x.shape
    packed = block.queries_keys_values(block.attention_norm(x))
    q, k, v = packed.view(count, 3, block.heads, -1).unbind(1)
    mixed = attention(q, k, v, edges, longest).reshape(count, dim)
    x = x + block.attention_out(mixed)
    gate, value = block.feed_in(block.feed_norm(x)).chunk(2, dim=-1)
    fed: Tensor = x + block.feed_out(functional.silu(gate) * value)
    return fed
